"""The worker of the agents in Python: `pip install -r requirements.txt && python worker.py`."""

import asyncio
import os

from temporalio.client import Client
from temporalio.worker import Worker

from workflows import Convert, LeaveRequest


async def main() -> None:
    address = os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233")
    namespace = os.environ.get("TEMPORAL_NAMESPACE", "default")
    client = await Client.connect(address, namespace=namespace)
    worker = Worker(client, task_queue="python-agents", workflows=[Convert, LeaveRequest])
    print("ready", flush=True)
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
