# A/B tests: setting up one as a whole, from another test or from what a file says.
from odoo import api, fields, models

# what a mail is, to those who get it
CONTENT = ("subject", "preview", "email_from", "body_arch", "body_html", "attachment_ids")


class MailingAbTest(models.Model):
    _inherit = "mailing.ab.test"

    @api.model
    def _make_with_arms(self, mailing, values, arms):
        """Set up a test all of whose arms are known.

        :param mailing: a draft, the mail of the first arm
        :param dict values: of the test
        :param list[dict] arms: ``weight``, ``mail``: values of the arm's mail, ``cc``: values of CC slots in place of
            those of the mailing (may be left out), and ``is_default``
        :rtype: mailing.ab.test
        """
        if values.get("deadline") and fields.Datetime.to_datetime(values["deadline"]) <= fields.Datetime.now():
            values = {name: value for name, value in values.items() if name != "deadline"}  # it begins anew
        test = self.create(
            values
            | {
                "mailing_id": mailing.id,
                "arm_ids": [
                    fields.Command.create({"weight": arm["weight"], "sequence": number})
                    for number, arm in enumerate(arms)
                ],
            }
        )
        for arm, new in zip(arms, test.arm_ids.sorted("sequence"), strict=True):
            new.mailing_id.write(arm["mail"])
            if arm.get("cc") is not None:
                new.mailing_id.cc_slot_ids.unlink()
                new.mailing_id.write({"cc_slot_ids": [fields.Command.create(slot) for slot in arm["cc"]]})
            if arm.get("is_default"):
                test.default_arm_id = new
        return test

    def _copy_to_mailing(self, mailing):
        """Give a copy of the tested mail what this test has come to: the mail that won, or a test of its own. In
        another version of the same journey that test draws the same way; elsewhere it belongs to whoever copies.

        :param mailing: a draft, copied from the test's own mailing
        """
        self.ensure_one()
        mail = self._get_portable_mail()
        if mail:
            mailing.write(self._get_copied_content(mail))
            mailing.cc_slot_ids.unlink()
            mailing.write({"cc_slot_ids": [fields.Command.create(slot) for slot in self._get_copied_slots(mail)]})
            return
        (values,) = self.copy_data()
        same = self.journey_id and mailing.journey_node_id.journey_id == self.journey_id
        if not same:
            values["user_id"] = self.env.uid
        copied = self._make_with_arms(
            mailing,
            values,
            [
                {
                    "weight": arm.weight,
                    "mail": self._get_copied_content(arm.mailing_id),
                    "cc": self._get_copied_slots(arm.mailing_id),
                    "is_default": arm == self.default_arm_id,
                }
                for arm in self.arm_ids
            ],
        )
        if same:
            copied.hash_key = self.hash_key

    def _get_portable_mail(self):
        """The mail that stands for this test where it goes on elsewhere; empty: the test itself goes on.

        :rtype: mailing.mailing
        """
        decided = self.filtered(lambda test: test.state == "decided")
        return decided.rest_arm_id.mailing_id

    def _get_copied_content(self, mail):
        return mail._convert_to_write({name: mail[name] for name in CONTENT})

    def _get_copied_slots(self, mail):
        return [
            {name: value for name, value in slot.items() if name != "mailing_id"}
            for slot in mail.cc_slot_ids.copy_data()
        ]
