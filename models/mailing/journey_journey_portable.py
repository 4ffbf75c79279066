# Exported and imported journeys: the rules of a mail, whom it copies, and its A/B test.
from odoo import models
from odoo.tools import email_normalize

from ..journey.journey_journey_export import NOT_EXPORTED
from .mailing_ab_test import MAX_ARMS, MIN_ARMS
from .mailing_mailing_expiry import EXPIRY_FIELDS

# what each arm of a test says for itself; its body only where the test is one of whole mails
INBOX = ("subject", "preview", "email_from")
BODY = ("body_html", "body_arch")
NOT_EXPORTED["mailing.ab.test"] = {"active", "default_arm_id"}
NOT_EXPORTED["mailing.ab.arm"] = {"sequence"}


class JourneyJourney(models.Model):
    """Topic, expiry and the word *operational* travel with a mail, which only managers bring in; so does its A/B test,
    as a draft, with all arms. A test that has been decided travels as the mail that won.

    In a file, the first arm of a test is the mail itself; what its arms say for themselves stands in ``ab_test``.
    """

    _inherit = "journey.journey"

    def _get_mailing_fields(self):
        return (*super()._get_mailing_fields(), "topic_id", "is_operational", "copy_limit", *EXPIRY_FIELDS)

    # Writing ------------------------------------------------------------------------------------------------------

    def _export_mailing(self, mailing):
        test = mailing.ab_test_id
        mail = test._get_portable_mail()
        data = super()._export_mailing(mail or mailing)
        if test and not mail:
            data["ab_test"] = self._export_ab_test(test)
        return data

    def _export_ab_test(self, test):
        names = [*INBOX[:2], *(BODY if test.test_type == "mail" else ())]
        # senders belong to this database, unless they are what is tested
        if len(set(test.arm_ids.mapped("email_from"))) > 1:
            names.append("email_from")
        return self._export_record(test, self._get_portable_fields(test)) | {
            "arms": [self._export_arm(arm, names) for arm in test.arm_ids]
        }

    def _export_arm(self, arm, names):
        mail = arm.mailing_id
        data = self._export_record(arm, self._get_portable_fields(arm))
        data |= self._export_record(mail, [mail._fields[name] for name in names])
        if arm.test_id.test_type == "mail":
            data["cc"] = self._export_slots(mail)
        if arm == arm.test_id.default_arm_id:
            data["is_default"] = True
        return data

    def _export_slots(self, mailing):
        """A person who is always copied is known by the address."""
        result = super()._export_slots(mailing)
        for slot, data in zip(mailing.cc_slot_ids, result, strict=True):
            if slot.source == "partner":
                data["email"] = slot.partner_id.email_normalized or ""
        return result

    # Reading ------------------------------------------------------------------------------------------------------

    def _read_mailing(self, data, where, problems, model):
        test = None
        if isinstance(data, dict) and "ab_test" in data:
            data = dict(data)
            test = data.pop("ab_test")
        plan = super()._read_mailing(data, where, problems, model)
        where = self.env._("%(where)s, mail", where=where)
        if plan and plan["values"].get("is_operational") and not self._is_manager():
            problems.append(self.env._("%(where)s: Only managers may import an operational mail.", where=where))
        if plan and test is not None:
            plan["ab_test"] = self._read_ab_test(test, self.env._("%(where)s, A/B test", where=where), problems)
        return plan

    def _is_manager(self):
        return self.env.su or self.env.user.has_group("crm_buying_journey.group_manager")

    def _read_ab_test(self, data, where, problems):
        arms = data.get("arms") if isinstance(data, dict) else None
        if not isinstance(arms, list) or not all(isinstance(arm, dict) for arm in arms):
            problems.append(self.env._("%(where)s: This is no A/B test.", where=where))
            return None
        if not MIN_ARMS <= len(arms) <= MAX_ARMS:
            problems.append(
                self.env._(
                    "%(where)s: An A/B test needs %(least)s to %(most)s arms.",
                    where=where,
                    least=MIN_ARMS,
                    most=MAX_ARMS,
                )
            )
            return None
        values = self._read_values(self.env["mailing.ab.test"], data, where, problems, {"arms"})
        read = [
            self._read_arm(arm, self.env._("%(where)s, arm %(number)s", where=where, number=number), problems)
            for number, arm in enumerate(arms, start=1)
        ]
        return {"values": values, "arms": read}

    def _read_arm(self, data, where, problems):
        mail_names = {*INBOX, *BODY}
        mail = {name: value for name, value in data.items() if name in mail_names}
        arm = self._read_values(
            self.env["mailing.ab.arm"], data, where, problems, {*mail_names, "cc", "is_default"}
        ) | {
            "mail": self._read_values(self.env["mailing.mailing"], mail, where, problems, allowed=mail_names),
            "is_default": data.get("is_default") is True,
        }
        arm.setdefault("weight", 1)
        if "cc" in data:
            arm["cc"] = self._read_slots(data["cc"], where, problems)
        return arm

    def _read_slots(self, data, where, problems):
        emails = []
        if isinstance(data, list) and all(isinstance(slot, dict) for slot in data):
            emails = [slot.get("email") for slot in data]
            data = [{name: value for name, value in slot.items() if name != "email"} for slot in data]
        result = super()._read_slots(data, where, problems)
        for slot, email in zip(result, emails, strict=False):
            if slot.get("source") == "partner":
                slot["partner_id"] = self._find_person(email, where, problems)
        return result

    def _find_person(self, email, where, problems):
        """Id of the contact with an address that the user may see; of several, the oldest."""
        address = email_normalize(email) if isinstance(email, str) else False
        person = address and self.env["res.partner"].search([("email_normalized", "=", address)], order="id", limit=1)
        if not person:
            problems.append(
                self.env._(
                    "%(where)s: There is no contact with the address “%(email)s” here.",
                    where=where,
                    email=str(email or "")[:100],
                )
            )
            return False
        return person.id

    # Making -------------------------------------------------------------------------------------------------------

    def _make_mailing(self, mailing, plan):
        result = super()._make_mailing(mailing, plan)
        if test := plan.get("ab_test"):
            self.env["mailing.ab.test"]._make_with_arms(mailing, test["values"], test["arms"])
        return result
