# An external writer of summaries: any endpoint that speaks OpenAI's chat completions.
import json
import logging
import re
import time

import requests

from odoo import api, fields, models

_logger = logging.getLogger(__name__)

ATTEMPTS = 3
# seconds between attempts
PAUSE = 1.0
LARGEST_ANSWER = 200_000  # bytes
LONGEST_TEXT = 1500  # characters
NAMED = re.compile(r"\{(person|account|group)(\d+)\}")
PREFIX = "crm_buying_journey.summary_"


class BuyingSummaryOpenai(models.AbstractModel):
    """Asks the endpoint that an administrator entered in the settings. It gets the facts and the built-in text, and
    writes them more fluently; it gets no names, titles or words of the customers' unless the setting allows, but marks
    that are replaced here.

    Parameters (``ir.config_parameter``, which only administrators read): ``crm_buying_journey.summary_url``,
    ``…_model``, ``…_key``, ``…_timeout`` (seconds, 20), ``…_daily_limit`` (requests a day, 200), ``…_personal``
    (whether names may be sent). Whatever goes wrong, the built-in text is shown.
    """

    _name = "buying.summary.openai"
    _description = "Summaries by an External Model"

    @api.model
    def _get_parameter(self, name, default=""):
        # parameters are administrators' to read; what is found here is used, and never shown
        return self.env["ir.config_parameter"].sudo().get_param(PREFIX + name) or default

    @api.model
    def _get_number(self, name, default):
        value = self._get_parameter(name)
        return int(value) if str(value).isdecimal() and int(value) else default

    @api.model
    def _is_on(self):
        return bool(self._get_parameter("url") and self._get_parameter("model"))

    @api.model
    def _get_name(self):
        return self._get_parameter("model")

    @api.model
    def _compose(self, facts, draft):
        """Let the endpoint write one summary.

        :param dict facts: see ``buying.summary.facts``
        :param str draft: the built-in text
        :return: ``(text, None)`` or ``(None, what went wrong)``
        :rtype: tuple
        """
        if not self._is_on():
            return None, self.env._("No endpoint for summaries is set.")
        if not self._count_request():
            return None, self.env._("The daily limit of summaries is reached.")
        sent, names = (facts, {}) if self._get_parameter("personal") else self._hide_names(facts)
        if names:
            draft = ""  # it is full of names
        try:
            answer = self._request(self._get_messages(sent, draft))
            return self._show_names(self._read(answer), names), None
        except (requests.RequestException, ValueError) as error:
            _logger.info("No summary from %s: %s", self._get_parameter("url"), error)
            return None, self.env._("The endpoint for summaries failed: %(error)s", error=str(error)[:200])

    @api.model
    def _count_request(self):
        """:return: whether another request may be made today (UTC)"""
        today = fields.Date.to_string(fields.Datetime.now().date())
        # whoever asks for a summary counts, and nobody else
        Parameter = self.env["ir.config_parameter"].sudo()
        day, _colon, used = self._get_parameter("used").partition(":")
        used = int(used) if day == today and used.isdecimal() else 0
        if used >= self._get_number("daily_limit", 200):
            return False
        Parameter.set_param(f"{PREFIX}used", f"{today}:{used + 1}")
        return True

    # What is sent -------------------------------------------------------------------------------------------------

    @api.model
    def _hide_names(self, facts):
        """Facts without personal data, and what stands for what.

        :return: ``(facts, {mark: name})``
        """
        names = {}

        def mark(kind, name):
            key = f"{{{kind}{len(names) + 1}}}"
            names[key] = name
            return key

        hidden = {name: value for name, value in facts.items() if name not in ("name", "topics")}
        if "name" in facts:
            hidden["name"] = mark("person", facts["name"])
        if "members" in facts:
            hidden["members"] = [
                {"name": mark("person", member["name"]), "score": member["score"], "counts": member["counts"]}
                for member in facts["members"]
            ]
        if facts.get("top"):
            hidden["top"] = facts["top"] | {"name": mark("group", facts["top"]["name"])}
        return hidden, names

    @api.model
    def _show_names(self, text, names):
        return NAMED.sub(lambda found: names.get(found[0], found[0]), text)

    @api.model
    def _get_messages(self, facts, draft):
        lang = self.env["res.lang"]._lang_get(self.env["buying.summary"]._get_lang())
        task = (
            "You write short summaries for salespeople. Use only the facts given as JSON: counts of activities of the "
            "last 30 days, scores from 0 to 100 (up to 25 low, up to 75 medium, else high). Write two to five plain "
            f"sentences in {lang.name or 'English'}, without headings, lists, HTML or Markdown. Keep marks in braces, "
            "such as {person1}, as they are. Never invent anything."
        )
        content = json.dumps(facts, ensure_ascii=False, sort_keys=True)
        if draft:
            content = f"{content}\n\n{draft}"
        return [{"role": "system", "content": task}, {"role": "user", "content": content}]

    # What comes back ----------------------------------------------------------------------------------------------

    @api.model
    def _request(self, messages):
        """:return: the body of the answer
        :rtype: bytes
        :raise requests.RequestException, ValueError: no usable answer after three attempts
        """
        url = self._get_parameter("url").rstrip("/")
        url = url if url.endswith("/chat/completions") else f"{url}/chat/completions"
        headers = {"Accept": "application/json"}
        if key := self._get_parameter("key"):
            headers["Authorization"] = f"Bearer {key}"
        payload = {"model": self._get_parameter("model"), "messages": messages, "temperature": 0.2, "max_tokens": 400}
        seconds = self._get_number("timeout", 20)
        deadline = time.monotonic() + seconds
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._request_once(url, headers, payload, deadline)
            except (requests.ConnectionError, requests.Timeout, requests.HTTPError) as error:
                status = error.response.status_code if error.response is not None else 0
                passing = not status or status == 429 or status >= 500
                if not passing or attempt == ATTEMPTS or time.monotonic() + PAUSE * attempt >= deadline:
                    raise
            time.sleep(PAUSE * attempt)
        raise AssertionError  # the last attempt returns or raises

    def _request_once(self, url, headers, payload, deadline):
        left = max(deadline - time.monotonic(), 0.1)
        # no redirects: the key is for this address alone
        with requests.post(
            url,
            json=payload,
            headers=headers,
            timeout=left,
            stream=True,
            allow_redirects=False,
        ) as response:
            response.raise_for_status()
            if response.status_code != 200:
                raise ValueError(f"HTTP {response.status_code}")
            body = bytearray()
            # byte by byte: a larger read would wait until so many have come, however slowly
            for byte in response.iter_content(1):
                body += byte
                if len(body) > LARGEST_ANSWER:
                    raise ValueError(self.env._("The answer is too large."))
                # a drop every second keeps a plain time-out from ever coming
                if time.monotonic() > deadline:
                    raise requests.Timeout(self.env._("The answer took too long."))
            return bytes(body)

    @api.model
    def _read(self, body):
        """:raise ValueError: the answer is not that of a chat completion"""
        wrong = self.env._("The answer is not in the format of chat completions.")
        try:
            text = json.loads(body)["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError):
            raise ValueError(wrong) from None
        if not isinstance(text, str) or not text.strip():
            raise ValueError(wrong)
        text = " ".join(text.replace("\0", "").split())
        return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT].rsplit(' ', 1)[0]} …"
