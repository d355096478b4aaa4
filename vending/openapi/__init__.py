"""The OpenAPI document of the HTTP API, made of what the routes declare and of the types behind it."""
