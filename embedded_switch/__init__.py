"""A FreeSWITCH stand-in for development, demo, CI and load tests; never for production.

Two processes: SIP, media and the Event Socket in one (this package's `engine`, `leg`, `sip_*`, `rtp_*`, `media_*`
modules and the switch core above them), one interpreter for all call scripts in the other.
"""
