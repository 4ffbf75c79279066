# A page of the dashboard: what became of mails.
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.domains import get_filters, get_ids

PERIOD_DAYS = 90
MAX_MAILS = 200
COUNTED = ("sent", "received", "opened", "clicked", "bounced", "unsubscribed", "opened_raw", "clicked_raw")
# what machines do, too
MACHINES = ("opened", "clicked")
# rates: what is counted, out of what (Adobe Journey Optimizer B2B Edition, e-mail performance)
RATES = {
    "delivery": ("received", "sent"),
    "open": ("opened", "received"),
    "click": ("clicked", "received"),
    "click_to_open": ("clicked", "opened"),
    "bounce": ("bounced", "sent"),
    "unsubscribe": ("unsubscribed", "received"),
    "open_raw": ("opened_raw", "received"),
    "click_raw": ("clicked_raw", "received"),
}


class BuyingDashboardMails(models.AbstractModel):
    """What became of the mails that were sent in a period, of journeys and of one-off mailings, as ``mailing.outcome``
    tells it for each mail: what a person did, and, in the figures *with machines*, also what virus scanners did.

    Rates are ``delivered ÷ sent``, ``opened ÷ delivered``, ``clicked ÷ delivered``, ``clicked ÷ opened``
    (click-to-open), ``bounced ÷ sent`` and ``unsubscribed ÷ delivered``; each mail counts once for each question.
    """

    _name = "buying.dashboard.mails"
    _inherit = "buying.figures"
    _description = "Dashboard of Mails"

    @api.model
    def get_data(self, filters=None):
        """All figures of the page.

        :param dict filters: ``journey_ids``, ``mailing_ids``: lists of ids, any if left out or empty; ``date_from``,
            ``date_to``: when the mails were sent; the last 90 days if left out
        :return: ``total`` (mails sent), ``any_mail`` (was one ever sent), ``filters``, ``tiles``, ``lines`` (chart) and
            ``mails`` (table)
        :rtype: dict
        :raise UserError: a filter is malformed
        :raise AccessError: the user may not read results of mails
        """
        filters = get_filters(self.env, filters)
        self.env["mailing.outcome"].check_access("read")
        date_from, date_to = self._get_period(filters, days=PERIOD_DAYS)
        domain = self._within("date", date_from, date_to)
        for key, field_name in (("journey_ids", "journey_id"), ("mailing_ids", "mailing_id")):
            if ids := get_ids(self.env, filters, key):
                domain &= Domain(field_name, "in", ids)
        steps = self._get_steps(date_from, date_to)
        total, by_step, by_mailing = self._count_mails(domain, steps)
        return {
            "total": total["sent"],
            "any_mail": bool(total["sent"] or self.env["mailing.outcome"].search_count([], limit=1)),
            "filters": self._describe(filters, date_from, date_to),
            "tiles": self._get_tiles(domain, total),
            "lines": self._get_lines(domain, by_step, steps),
            "mails": self._get_mails(domain, by_mailing),
        }

    @api.model
    def _count_mails(self, domain, steps):
        """All figures by one statement.

        :return: figures of all mails, ``{number of the step from 1: figures}``, and ``{mailing id: figures}``; figures
            are those of ``COUNTED``, and ``first`` and ``last``, the moments of the first mail and the last activity
        :rtype: tuple[dict, dict, dict]
        """
        Outcome = self.env["mailing.outcome"]
        self.env.flush_all()
        query = Outcome._search(domain)
        figures = [SQL("COALESCE(SUM(%s), 0)::int", SQL.identifier(query.table, name)) for name in COUNTED]
        mailing, date = SQL.identifier(query.table, "mailing_id"), SQL.identifier(query.table, "date")
        starts = [self._to_utc(first) for _label, first, _last in steps]
        step = SQL("width_bucket(%s, %s::timestamp[])", date, starts)
        latest = SQL.identifier(query.table, "last_date")
        query.groupby = SQL("GROUPING SETS ((), (1), (2))")
        total, by_step, by_mailing = dict.fromkeys(COUNTED, 0), {}, {}
        for mailing_id, number, is_whole_mailing, is_any_step, *values in self.env.execute_query(
            query.select(
                mailing,
                step,
                SQL("GROUPING(%s)", mailing),
                SQL("GROUPING(%s)", step),
                *figures,
                SQL("MIN(%s)", date),
                SQL("MAX(%s)", latest),
            )
        ):
            row = dict(zip((*COUNTED, "first", "last"), values, strict=True))
            if not is_whole_mailing:
                by_mailing[mailing_id] = row
            elif not is_any_step:
                by_step[number] = row
            else:
                total = row
        return total, by_step, by_mailing

    @api.model
    def _get_rate(self, figures, name):
        """In percent; ``None`` if there is nothing to take it of."""
        number, out_of = RATES[name]
        return 100 * figures[number] / figures[out_of] if figures[out_of] else None

    @api.model
    def _get_tiles(self, domain, total):
        def tile(label, name, rate=None, raw=None):
            return {
                "label": label,
                "value": total[name],
                "rate": rate and self._get_rate(total, rate),
                "raw": raw and self._get_rate(total, raw),
                "model": "mailing.outcome",
                "domain": self._as_list(domain & Domain(name, "=", 1)),
            }

        return [
            tile(self.env._("Sent"), "sent"),
            tile(self.env._("Delivered"), "received", "delivery"),
            tile(self.env._("Opened"), "opened", "open", "open_raw"),
            tile(self.env._("Clicked"), "clicked", "click", "click_raw"),
            tile(self.env._("Bounced"), "bounced", "bounce"),
            tile(self.env._("Unsubscribed"), "unsubscribed", "unsubscribe"),
        ]

    @api.model
    def _get_lines(self, domain, by_step, steps):
        rows = []
        shown = ("received", "opened", "clicked")
        for number, (label, first, last) in enumerate(steps, 1):
            within = domain & self._within("date", first, last)
            figures = by_step.get(number, {})
            rows.append(self._row(label, [(figures.get(name, 0), within & Domain(name, "=", 1)) for name in shown]))
        series = [self.env._("Delivered"), self.env._("Opened"), self.env._("Clicked")]
        return self._chart("mailing.outcome", domain, series, rows)

    @api.model
    def _get_mails(self, domain, by_mailing):
        """A row for each mail, the one that was first sent last on top."""
        columns = [
            # label, kind, figure, domain on results
            (self.env._("Sent"), "number", "sent"),
            (self.env._("Delivered"), "number", "received"),
            (self.env._("Delivery rate"), "rate", "delivery"),
            (self.env._("Opened"), "number", "opened"),
            (self.env._("Open rate"), "rate", "open"),
            (self.env._("Clicked"), "number", "clicked"),
            (self.env._("Click rate"), "rate", "click"),
            (self.env._("Click-to-open rate"), "percent", "click_to_open"),
            (self.env._("Bounced"), "number", "bounced"),
            (self.env._("Bounce rate"), "rate", "bounce"),
            (self.env._("Unsubscribed"), "number", "unsubscribed"),
            (self.env._("Unsubscribe rate"), "rate", "unsubscribe"),
            (self.env._("Opened, with machines"), "number", "opened_raw"),
            (self.env._("Open rate, with machines"), "rate", "open_raw"),
            (self.env._("Clicked, with machines"), "number", "clicked_raw"),
            (self.env._("Click rate, with machines"), "rate", "click_raw"),
            (self.env._("First activity"), "moment", "first"),
            (self.env._("Last activity"), "moment", "last"),
        ]
        newest = sorted(by_mailing, key=lambda mailing_id: (by_mailing[mailing_id]["first"], mailing_id), reverse=True)
        # whoever may read what became of a mail may read its subject
        mailings = self.env["mailing.mailing"].sudo().browse(newest[:MAX_MAILS])
        mailings.fetch(["subject", "journey_node_id"])
        rows = []
        for mailing in mailings:
            figures, own = by_mailing[mailing.id], domain & Domain("mailing_id", "=", mailing.id)
            cells = []
            for _label, kind, name in columns:
                if kind == "number":
                    cells.append((figures[name], own & Domain(name, "=", 1)))
                elif kind == "moment":
                    cells.append((fields.Datetime.to_string(figures[name]), False))
                else:
                    cells.append((self._get_rate(figures, name), False))
            note = mailing.journey_node_id.journey_id.name or ""
            rows.append(self._row(mailing.subject or "", cells, id=mailing.id, note=note))
        return self._chart(
            "mailing.outcome",
            domain,
            [label for label, _kind, _name in columns],
            rows,
            kinds=[kind for _label, kind, _name in columns],
            record_model="mailing.mailing",
            # where machines make no difference, their columns are in the CSV file only
            hidden=[
                number
                for number, (_label, _kind, name) in enumerate(columns)
                if name.endswith("_raw")
                and all(of_one[what] == of_one[f"{what}_raw"] for of_one in by_mailing.values() for what in MACHINES)
            ],
            left_out=len(newest) - len(rows),
        )
