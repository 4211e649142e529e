"""What `quarterdeck up` starts on one machine: PostgreSQL, Valkey, Envoy, the services, a node.

Owns the programs' life: their files, ports, credentials, start, watch, restart and stop.
It never speaks for a service and holds no rule of trading; production runs without it.
Linux only, because a parent's death must reach its children.
"""
