"""An adapter whose import says that the installation is broken."""

from __future__ import annotations

from app.base.errors import UserError

raise UserError("both packages are installed and break one another")
