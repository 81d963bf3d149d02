"""The demo: a one-node Kafka and a simulator that publishes Zeek records to it."""
