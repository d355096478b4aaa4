"""Timer triggers; the schedule never comes up during a test."""

import azure.functions as func
from recorder import record

timers = func.Blueprint()


@timers.timer_trigger(arg_name="timer", schedule="%YEARLY%")
async def yearly(timer: func.TimerRequest) -> None:
    """Asynchronous."""
    record("yearly", past_due=timer.past_due, status=timer.schedule_status)


@timers.timer_trigger(arg_name="timer", schedule="0 0 0 2 1 *", run_on_startup=True)
def at_startup(timer: func.TimerRequest) -> None:
    """Synchronous, and once at start."""
    record("at_startup", past_due=timer.past_due)


@timers.timer_trigger(arg_name="timer", schedule="* * * * * *")
async def every_second(timer: func.TimerRequest) -> None:
    """A schedule under a minute keeps no status."""
    record("every_second", past_due=timer.past_due)


@timers.timer_trigger(arg_name="timer", schedule="0 0 0 3 1 *")
@timers.retry(strategy="fixed_delay", max_retry_count="1", delay_interval="00:00:00")
def failing(timer: func.TimerRequest) -> None:
    """Raises, twice with its retry."""
    record("failing", past_due=timer.past_due)
    raise RuntimeError("asked to fail")
