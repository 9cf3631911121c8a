"""What people did, as it came: `data/imports`, and the tables that follow from it. No HTTP here."""
