"""What work costs as a law: measured, fitted, checked on points it was not fitted to, and what it implies for clusters."""
