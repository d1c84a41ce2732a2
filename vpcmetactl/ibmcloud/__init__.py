"""The only place that knows IBM's SDKs and HTTP: adapters for the ports of the use cases."""
