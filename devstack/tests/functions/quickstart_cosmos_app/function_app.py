"""The shape of the official quickstart for Python and Cosmos DB: names from the environment at import.

Written for this test, decorator for decorator as Azure-Samples/functions-quickstart-python-azd-cosmosdb has
them (among others ``create_lease_container_if_not_exists="true"``, a text); none of its text is here.
"""

import logging
import os

import azure.functions as func

app = func.FunctionApp()


@app.cosmos_db_trigger(
    arg_name="documents",
    container_name=os.environ.get("COSMOS_CONTAINER_NAME"),
    database_name=os.environ.get("COSMOS_DATABASE_NAME"),
    connection="COSMOS_CONNECTION",
    create_lease_container_if_not_exists="true",
)
def cosmosdb_trigger(documents: func.DocumentList) -> None:
    """Logs every document."""
    for document in documents:
        logging.info("Changed document %s: %s", document.get("id"), document.to_json())  # noqa: LOG015
