"""The tables, the engine behind them, fast ways to load them, and their migrations."""
