"""What can stop the host or an invocation. Each text says what to do next."""


class HostError(Exception):
    """Base of the host's own errors."""


class ConfigurationError(HostError):
    """host.json or local.settings.json is wrong, and the host refuses to start; or a setting or a binding of
    one function is, and that function does not run.
    """

    @property
    def of_host(self) -> bool:
        """Whether the whole host is concerned. Each such text begins with the file's name."""
        return str(self).startswith("host.json")


class IndexingError(HostError):
    """The worker could not load or index the app; the text carries the app's own traceback."""


class WorkerCrashed(HostError):
    """A worker process ended with invocations in flight: each of them is a failed invocation."""


class FunctionTimedOut(HostError):
    """An invocation outlived ``functionTimeout``; its worker process is replaced."""


class BindingFailed(HostError):
    """What a trigger received cannot be handed over: the invocation fails before the function runs."""
