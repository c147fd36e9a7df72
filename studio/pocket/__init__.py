"""How the miniature in `assets/pocket/` is made; nothing else in the studio imports this."""
