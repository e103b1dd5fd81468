"""The store: records go in, outcomes are derived from them; accounts and the audit trail; copies of it."""

from data_models.store.open import ImportResult, Store, StoreError, set_rules

__all__ = ["ImportResult", "Store", "StoreError", "set_rules"]
