"""Two workflows: one that knows nothing of tasks, and one that shows its own."""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from agent_task import AgentTask, AgentWorkflow

RATES = {"USD": 1.25, "CHF": 0.95}


@workflow.defn
class Convert:
    """A plain workflow, as it may have run for years."""

    @workflow.run
    async def run(self, order: dict[str, Any]) -> dict[str, Any]:
        rate = RATES.get(order["to"])
        if rate is None:
            raise ApplicationError(f"No rate is known for {order['to']}", non_retryable=True)
        await asyncio.sleep(order.get("settleSeconds", 0))
        return {"amount": order["amount"] * rate, "currency": order["to"]}


@workflow.defn
class LeaveRequest(AgentWorkflow):
    """A cooperating workflow: status, a question, an artifact."""

    @workflow.init
    def __init__(self, given: dict[str, Any]) -> None:
        self.task = AgentTask(given)

    @workflow.run
    async def run(self, given: dict[str, Any]) -> None:
        await self.task.run(self.book)

    async def book(self) -> str:
        wanted = self.task.message["parts"][0].get("text", "")
        await self.task.status(f"Looking for {wanted} in the calendar")
        stand_in = await self.task.ask("Who stands in for you?")
        if stand_in == "nobody":
            raise ApplicationError("Nobody cannot stand in for anybody", non_retryable=True)
        await self.task.artifact("leave", {"wanted": wanted, "standIn": stand_in})
        return f"{wanted}: booked. {stand_in} stands in."
