"""How letters look: every kind drawn by a browser, its text kept, its HTML held against what mail programs drop."""
