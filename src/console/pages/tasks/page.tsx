import '../../styles/records.css';
import '../../styles/timeline.css';
import { route } from '../../app/router.ts';
import { TaskList } from './list.tsx';
import { OneTask } from './one.tsx';

/** `#/tasks`: the list; `#/tasks/ID`: one of them. */
export function TasksPage() {
  const [, id] = route.value.path;
  return id === undefined ? <TaskList /> : <OneTask key={id} id={id} />;
}
