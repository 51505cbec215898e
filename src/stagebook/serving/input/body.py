"""The body of a request: bytes to rows, for each content type of MLflow's scoring protocol."""

from collections.abc import Sequence
from email.message import Message

from stagebook.serving.input import csv_body, json_body, parquet_body
from stagebook.serving.input.rows import ROW_LIMIT, Rows
from stagebook.serving.refusal import Refusal, RequestProblem, shown

__all__ = ["CSV", "JSON", "PARQUET", "ROW_LIMIT", "Rows", "parse"]

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
_PARSERS = {CSV: csv_body.parse, PARQUET: parquet_body.parse}
_UTF_8 = ("utf-8", "utf8")


def parse(
    content_type: str | None,
    data: bytes,
    columns: Sequence[str],
    row_limit: int = ROW_LIMIT,
    *,
    is_mlflow: bool = False,
) -> Rows:
    """The rows in a body.

    Args:
        content_type: The header of this name; None if the request has none.
        data: The body.
        columns: The model's features in order, for ``inputs`` and ``instances`` without names.
        row_limit: Rows that a CSV or Parquet body may have; it is not read beyond.
        is_mlflow: Whether JSON may be as MLflow's own client writes it, with NaN for a missing
            value, and may have further keys.

    Raises:
        Refusal: With status 400 if the body cannot be parsed, 413 if it is too large, 415 if it
            is of another content type.

    Example:
        >>> from stagebook.serving import body
        >>> data = b'{"dataframe_split": {"columns": ["km"], "data": [[10.0]]}}'
        >>> body.parse("application/json", data, ["km"]).records
        [{'km': 10.0}]
    """
    # the usual header needs no parser, which takes 20 microseconds
    media_type = JSON if content_type == JSON else _media_type(content_type)
    if media_type == JSON:
        return json_body.parse(data, columns, is_mlflow=is_mlflow)
    return _PARSERS[media_type](data, columns, row_limit)


def _media_type(content_type: str | None) -> str:
    """The media type, if it and its charset are known."""
    if not content_type:
        raise _other_type("The request has no content type.")
    header = Message()
    header["Content-Type"] = " ".join(content_type.split())
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != JSON and media_type not in _PARSERS:
        raise _other_type(f"The content type is {shown(content_type)}.")
    charset = header.get_param("charset", "utf-8")
    if not isinstance(charset, str) or charset.lower() not in _UTF_8:
        message = f"The charset is {shown(charset)}; only utf-8 is accepted."
        hint = "Send the text as UTF-8."
        raise Refusal(415, RequestProblem("wrong-charset", message, hint))
    _require_charset_alone(header)
    return media_type


def _require_charset_alone(header: Message) -> None:
    """Raises a Refusal for a parameter that may change what the body means, such as ``header``."""
    names = [name for name, _ in header.get_params([])[1:]]
    unknown = [name for name in names if name.lower() != "charset" and name]
    if unknown:
        message = f"The content type has the unknown parameter {shown(unknown[0])}."
        hint = "Only the parameter charset is known."
        raise Refusal(415, RequestProblem("content-parameter", message, hint))


def _other_type(message: str) -> Refusal:
    hint = f"Send the header Content-Type: {JSON}, {CSV} or {PARQUET}."
    return Refusal(415, RequestProblem("wrong-content-type", message, hint))
