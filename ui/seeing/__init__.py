"""What whoever looks after a server can see of it: figures for Prometheus, traces for OpenTelemetry, a page."""
