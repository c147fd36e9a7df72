"""What an adapter says of one layer: the kinds of changes, from one place."""

from studio.adapters.kinds._base import Delta, Rows
from studio.adapters.kinds._decomposed import Dora
from studio.adapters.kinds.full import Difference
from studio.adapters.kinds.ia3 import Ia3
from studio.adapters.kinds.loha import Hada
from studio.adapters.kinds.lokr import Kron
from studio.adapters.kinds.lora import Factors, is_plain

__all__ = ["Delta", "Difference", "Dora", "Factors", "Hada", "Ia3", "Kron", "Rows", "is_plain"]
