"""The shape of the official quickstart for Python and Event Hubs: a timer feeds a hub, a trigger reads it.

Written for this test, decorator for decorator as Azure-Samples/functions-quickstart-python-azd-eventhub has
them (arguments, annotations, a JSON array given to ``Out[str]``); none of its text is here.
"""

import json
import logging
from datetime import UTC, datetime
from typing import List  # noqa: UP035 - as the quickstart imports it

import azure.functions as func

app = func.FunctionApp()


@app.timer_trigger(schedule="0,10,20,30,40,50 * * * * *", arg_name="timer", run_on_startup=True)
@app.event_hub_output(arg_name="event", event_hub_name="news", connection="EventHubConnection")
def NewsGenerator(timer: func.TimerRequest, event: func.Out[str]) -> None:  # noqa: N802 - the quickstart's form
    """Three articles in one text."""
    articles = [
        {"ArticleId": f"NEWS-{n}", "PublishedDate": datetime.now(UTC).isoformat(), "SentimentScore": 0.5}
        for n in range(3)
    ]
    event.set(json.dumps(articles))
    logging.info("Generated %d articles", len(articles))  # noqa: LOG015 - the quickstart's form


@app.event_hub_message_trigger(arg_name="events", event_hub_name="news", connection="EventHubConnection")
def EventHubsTrigger(events: List[func.EventHubEvent]) -> None:  # noqa: N802, UP006 - the quickstart's form
    """One event or a list, each one article or a list of them."""
    for event in events if isinstance(events, list) else [events]:
        found = json.loads(event.get_body().decode("utf-8"))
        kind = type(found).__name__
        for article in found if isinstance(found, list) else [found]:
            logging.info("Processed article %s of a %s", article["ArticleId"], kind)  # noqa: LOG015
