"""What the demo puts on stage: three people, a connection to the sandbox, a first sync."""
