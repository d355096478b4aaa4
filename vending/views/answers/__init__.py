"""The answers of the views as types: what the OpenAPI document says of them stands here."""
