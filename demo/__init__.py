"""One campaign from a contact file to leads in a CRM, on this machine, and a verdict on it."""
