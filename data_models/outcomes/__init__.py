"""The clinical and statistical meaning of the records: pure functions, frames in, frames out."""
