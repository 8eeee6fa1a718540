"""SIPp as the carrier of a load test: callees of many kinds with real voices, and a report from SIPp's own logs."""
