"""Faults made on purpose. Each module is a command that prints figures; tests/e2e/test_faults.py runs short forms.

python -m tests.faults.load       50 visitors for five minutes, over the server's own protocol
python -m tests.faults.hostile    500 links and uploads that no honest visitor sends
python -m tests.faults.kills      workers and servers killed in mid-training
python -m tests.faults.flips      single bits turned over in every file of a run
python -m tests.faults.disk       a full disk, and a cache that cannot be written
"""
