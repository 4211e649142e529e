"""Reading vendors over HTTP: pauses they ask for, quotas they set, answers that break off.

No key ever gets into a log, an error or a metric: addresses are told without their query.
"""
