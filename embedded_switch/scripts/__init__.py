"""The script process: one interpreter for all call scripts, as mod_python3 has inside FreeSWITCH."""
