"""What pages ask and what is remembered of the answers: for whom, and until when."""
