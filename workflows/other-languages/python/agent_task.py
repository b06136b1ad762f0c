"""A task as its own workflow sees it: the host's contract (contract/README.md) for workflows in Python."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

Json = Any
Message = dict[str, Json]


class AgentTask:
    """Reports what the task says, and takes the answers to what it asks."""

    def __init__(self, given: dict[str, Json]) -> None:
        self.id: str = given["taskId"]
        self.message: Message = given["message"]
        self._state = "submitted"
        self._said: Message | None = None
        self._sequence = 0
        self._waits = False
        self._answer: Message | None = None
        self._applied: list[str] = []
        self._reporting = asyncio.Lock()

    async def status(self, text: str) -> None:
        """Shows progress."""
        await self._report("working", text)

    async def artifact(self, name: str, data: Json) -> None:
        """Adds an artifact, or replaces the one of the same name."""
        artifact = {"artifactId": name, "name": name, "parts": [{"data": data}]}
        await self._report(artifacts=[artifact])

    async def ask(self, question: str) -> str:
        """Waits for the user's next message; gives its text."""
        self._answer = None
        self._waits = True
        try:
            await self._report("input-required", question, history=True)
            await workflow.wait_condition(lambda: self._answer is not None)
        finally:
            self._waits = False
        assert self._answer is not None
        await self._report("working")
        return text_of(self._answer)

    async def run(self, body: Callable[[], Awaitable[str]]) -> None:
        """Runs the workflow's body to the end of the task; what it returns is said last."""
        try:
            await self._report("working")
            said = await body()
        except (Exception, asyncio.CancelledError) as error:
            if is_cancelled_exception(error):
                await self._report("canceled", "Canceled at the caller's request", history=True)
                raise
            reason = reason_of(error)
            await self._report("failed", reason, history=True)
            raise ApplicationError(reason, non_retryable=True) from error
        await self._report("completed", said, history=True)

    def check(self) -> None:
        """The update's validator: refuses a message that nobody waits for."""
        if not self._waits or self._answer is not None:
            raise ApplicationError("The task does not wait for a message", non_retryable=True)

    def take(self, message: Message) -> None:
        """The update's handler. Checked again: of two messages that came at once only the first is an answer."""
        self.check()
        self._answer = message
        self._applied.append(message["messageId"])

    def snapshot(self) -> dict[str, Json]:
        """What the query answers."""
        said = {} if self._said is None else {"message": self._said}
        return {"state": self._state, "sequence": self._sequence, **said}

    async def _report(
        self,
        state: str | None = None,
        text: str | None = None,
        *,
        history: bool = False,
        artifacts: list[dict[str, Json]] | None = None,
    ) -> None:
        report: dict[str, Json] = {"taskId": self.id, "runId": workflow.info().run_id}
        if state is not None:
            self._state = state
            self._said = None if text is None else agent_message(text)
            said = {} if self._said is None else {"message": self._said}
            report["status"] = {"state": state, **said}
            report["messages"] = [self._said] if history and self._said else []
        report["artifacts"] = artifacts or []
        # One at a time, in the order of their numbers.
        async with self._reporting:
            self._sequence += 1
            report["sequence"] = self._sequence
            report["applied"], self._applied = self._applied, []
            await workflow.execute_activity(
                "projectChange",
                report,
                task_queue="agent-host",
                start_to_close_timeout=timedelta(seconds=10),
                retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=2)),
            )


class AgentWorkflow:
    """What the host asks and tells the workflow of a task; for workflows to inherit."""

    task: AgentTask

    @workflow.query(name="a2a.snapshot")
    def snapshot(self) -> dict[str, Json]:
        return self.task.snapshot()

    @workflow.update(name="a2a.message")
    async def message(self, message: Message, seen: Json = None) -> None:
        self.task.take(message)

    @message.validator
    def check_message(self, message: Message, seen: Json = None) -> None:
        self.task.check()


def agent_message(text: str) -> Message:
    return {"messageId": str(workflow.uuid4()), "role": "agent", "parts": [{"text": text}]}


def text_of(message: Message) -> str:
    return "\n".join(part["text"] for part in message["parts"] if "text" in part)


def reason_of(error: BaseException) -> str:
    """The cause at the bottom, not Temporal's wrapping around it."""
    while isinstance(error, FailureError) and error.cause is not None:
        error = error.cause
    return getattr(error, "message", None) or str(error) or type(error).__name__
