"""What clinicians do, as functions of typed values. The faces (JSON, HTML) call these and nothing below them."""
