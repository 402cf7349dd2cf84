"""The audit archive: two functions that write a second copy of the audit into a bucket, and the code that verifies it.

The functions run on the Python and boto3 of Lambda alone. They share no code with the functions that write the audit,
so a fault or an attacker there does not reach the copy.
"""
