"""Says whether a campaign was dialled as promised, from what the carrier, the database and the CRM each wrote down.

It shares no decision with the code it judges: the rules are stated here a second time, on purpose.
"""
