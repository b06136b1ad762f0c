/** What there is to say of the routes that look over many tasks. */
import { answers, type Operations } from '../openapi/operation.ts';
import * as overview from './overview-schemas.ts';

export const OVERVIEW: Operations = {
  'get /tasks': {
    id: 'listTasksOfAllAgents',
    summary: 'The caller’s tasks with all agents of this host, newest first; an admin sees everybody’s',
    query: overview.taskLinesSchema,
    answers: answers(overview.taskLines),
  },
  'get /tasks/events': {
    id: 'watchTasks',
    summary: 'The tasks of that list as they begin and change, several times a second together',
    query: overview.eventsSchema,
    answers: { 200: { events: overview.taskLinesEvent } },
  },
  'get /tasks/:task_id/timeline': {
    id: 'getTimeline',
    summary: 'A task’s life, and where its time went',
    answers: answers(overview.taskTimeline),
  },
  'get /admin/stats': {
    id: 'readStatistics',
    summary: 'What happened over time, and what is not done',
    query: overview.statisticsSchema,
    answers: answers(overview.statisticsAnswer),
  },
};

export const OVERVIEW_SCHEMAS = {
  TaskLines: overview.taskLines,
  TaskLinesEvent: overview.taskLinesEvent,
  TaskTimeline: overview.taskTimeline,
  Statistics: overview.statisticsAnswer,
};
