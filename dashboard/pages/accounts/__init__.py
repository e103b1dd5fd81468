"""The Accounts page: people, roles, clinics and the audit trail."""
