import { agentWorkflow } from 'workflow-agent-host/workflow';

export const benchEmpty = agentWorkflow(() => undefined);
