"""RFC 3261's timers, in seconds, at the values FreeSWITCH's SIP stack uses."""

T1 = 0.5
T2 = 4.0
GIVE_UP = 64 * T1  # timers B, F and H: nobody answers
LINGER = 32.0  # timers D and M: how long late copies of a final answer are still recognised
