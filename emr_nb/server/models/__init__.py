"""What the routes take and give: one schema, from which OpenAPI and TypeScript are made."""
