"""An SMTP server that delivers nothing: it keeps every mail as a file, and shows them on a page.

For development and tests, on loopback only. The dialogue is aiosmtpd's; what is kept, what is shown and how
it fails on purpose is here.
"""
