"""Every trigger, sync and async: the app that the host's tests run."""

import azure.functions as func
from events import events
from messages import messages
from requests_ import requests_
from timers import timers

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
for one in (events, messages, requests_, timers):
    app.register_functions(one)
