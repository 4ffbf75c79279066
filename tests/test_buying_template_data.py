# The role templates that come with the addon: who gets which role, in six languages.
from odoo.fields import Domain
from odoo.tests import tagged

from .common import BuyingJourneyCase

TEMPLATES = ("software", "machinery", "services")
ROLES = {
    "D": "decision_maker",
    "S": "steering_committee",
    "I": "influencer",
    "C": "champion",
    "P": "practitioner",
    "O": "other",
}
# Job title: its role in the templates for software, machinery and services; "-" is none.
TITLES = {
    "English": {
        "Chief Executive Officer": "DDD",
        "CEO & Founder": "DDD",
        "Co-Founder/CEO": "DDD",
        "Managing Director": "DDD",
        "CTO": "DSS",
        "Director of Information Technology": "DII",
        "Head of IT": "DCC",
        "Vice President, Sales": "SSS",
        "VP Operations": "SSS",
        "Executive Assistant to the CEO": "OOO",
        "Assistant to the Managing Director": "OOO",
        "Assistant General Manager": "SSS",
        "Deputy CEO": "SSS",
        "Marketing Coordinator": "PPP",
        "Product Owner": "CCC",
        "Owner": "DDD",
        "IT Manager": "CCC",
        "Marketing Director": "III",
        "Associate": "PPP",
        "Senior Software Developer": "P--",
        "Enterprise Architect": "I--",
        "Purchasing Manager": "III",
        "Plant Manager": "CDC",
        "Chairman of the Board": "SSS",
        "Software Engineering Intern": "OOO",
        "International Sales Manager": "CCC",
        "President": "DDD",
        "Vice-President": "SSS",
        "Board Secretary": "SSS",
        "Quality Engineer": "PIP",
        "Production Supervisor": "CCC",
        "Machine Operator": "PPP",
        "Business Analyst": "PPP",
        "Lead Generation Specialist": "PPP",
        "Chief Human Resources Officer": "SSS",
        "Chief of Staff to the CEO": "SSS",
        "Co-CEO": "DDD",
        "CEO, EMEA": "DDD",
        "Store Director": "III",
    },
    "German": {
        "Geschäftsführer": "DDD",
        "Geschäftsführerin": "DDD",
        "Geschäftsführende Gesellschafterin": "DDD",
        "Geschaeftsfuehrer": "DDD",
        "Assistentin der Geschäftsführung": "OOO",
        "Vorstandsassistentin": "OOO",
        "IT-Leiter": "DCC",
        "Leiterin IT": "DCC",
        "Einkaufsleiterin": "III",
        "Leiter Einkauf": "III",
        "Vertriebsleiter": "CCC",
        "Produktionsleiter": "CDC",
        "Werksleiterin": "CDC",
        "Prokurist": "SSS",
        "Stellv. Geschäftsführer": "SSS",
        "Vorstand": "SSS",
        "Mitglied des Vorstands": "SSS",
        "Softwareentwicklerin": "P--",
        "Sachbearbeiterin Einkauf": "III",
        "Inhaber": "DDD",
        "Vertriebsmitarbeiter": "PPP",
        "Projektleiter/in": "CCC",
        "Werkstudent Marketing": "OOO",
        "Datenschutzbeauftragter": "I-I",
        "Maschinenführer": "-P-",
        "Referent der Geschäftsführung": "PPP",
        "Finanzvorstand": "SSD",
        "Teamleiter:in Support": "CCC",
        "Aufsichtsratsvorsitzender": "SSS",
        "Generalsekretär": "SSS",
        "Vorstandsvorsitzende": "DDD",
        "Industriemechaniker": "-P-",
        "Zugbegleiterin": "---",
        "Systemadministrator": "P--",
        "Ingenieur": "PPP",
        "Leiter (m/w/d) IT": "CCC",
    },
    "French": {
        "Président-directeur général": "DDD",
        "P.-D.G.": "DDD",
        "PDG": "DDD",
        "Directeur Général": "DDD",
        "Directrice generale": "DDD",
        "DIRECTRICE GÉNÉRALE": "DDD",
        "Directeur général adjoint": "SSS",
        "Assistante de direction": "OOO",
        "Assistant du directeur général": "OOO",
        "DSI": "DII",
        "Directrice des systèmes d’information": "DII",
        "DAF": "SSD",
        "Responsable informatique": "CCC",
        "Acheteur": "III",
        "Responsable achats": "III",
        "Chef de projet": "CCC",
        "Cheffe d'équipe": "CCC",
        "Développeuse": "P--",
        "Administrateur systèmes": "PPP",
        "Directeur d'usine": "IDI",
        "Gérante": "DDD",
        "Technicien de maintenance": "PPP",
        "Vice-présidente": "SSS",
        "Stagiaire": "OOO",
        "Secrétaire général": "SSS",
        "Secrétaire": "OOO",
        "RSSI": "I--",
        "Directeur marketing": "III",
        "Adjoint au directeur général": "SSS",
        "Chargée de communication": "PPP",
        "Responsable qualité": "CIC",
        "Ouvrière": "-P-",
        "Ingénieure": "PPP",
    },
    "Spanish": {
        "Director General": "DDD",
        "Directora General": "DDD",
        "Director/a General": "DDD",
        "Consejero Delegado": "DDD",
        "Gerente General": "DDD",
        "Gerente de Ventas": "CCC",
        "Subdirector General": "SSS",
        "Asistente de Dirección": "OOO",
        "Director de Sistemas": "DII",
        "Directora financiera": "SSD",
        "Jefe de Compras": "III",
        "Jefa de proyecto": "CCC",
        "Desarrollador": "P--",
        "Ingeniera de software": "PPP",
        "Negocios internacionales": "---",
        "Responsable de calidad": "CIC",
        "Jefe de Planta": "CDC",
        "Operario de máquina": "-P-",
        "Vicepresidenta": "SSS",
        "Becaria": "OOO",
        "Dueño": "DDD",
        "Presidente": "DDD",
        "Secretario General": "SSS",
        "Auxiliar administrativo": "OOO",
        "Coordinadora": "PPP",
        "Administrador de sistemas": "PPP",
        "Responsable comercial": "CCC",
        "Asesor del presidente": "III",
        "Comprador": "III",
        "Director de Negocio": "III",
        "Técnico de mantenimiento": "PPP",
        "Administrativa": "PPP",
    },
    "Norwegian": {
        "Daglig leder": "DDD",
        "Administrerende direktør": "DDD",
        "Adm. dir.": "DDD",
        "Viseadministrerende direktør": "SSS",
        "Konsernsjef": "DDD",
        "Assisterende direktør": "SSS",
        "IT-sjef": "DCC",
        "IKT-sjef": "DCC",
        "Innkjøpssjef": "III",
        "Innkjøper": "III",
        "Salgssjef": "CCC",
        "Markedsdirektør": "III",
        "Direksjonsassistent": "OOO",
        "Assistent": "OOO",
        "Prosjektleder": "CCC",
        "Systemutvikler": "P--",
        "Styreleder": "SSS",
        "Fabrikksjef": "CDC",
        "Produksjonssjef": "CDC",
        "Operatør": "PPP",
        "Økonomidirektør": "SSD",
        "Avdelingsleder": "CCC",
        "Ingeniør": "PPP",
        "Saksbehandler": "PPP",
        "Rådgiver": "III",
        "Eier": "DDD",
        "Produkteier": "CCC",
        "Generalsekretær": "SSS",
        "Kvalitetsleder": "CIC",
        "Lærling": "OOO",
        "Mekaniker": "-P-",
        "Økonomisjef": "CCC",
        "Sekretær": "OOO",
    },
    "Chinese": {
        "总经理": "DDD",
        "副总经理": "SSS",
        "总经理助理": "OOO",
        "首席技术官": "DSS",
        "首席执行官": "DDD",
        "首席信息官": "DSS",
        "首席财务官": "SSD",
        "董事长": "DDD",
        "董事会秘书": "SSS",
        "董事长秘书": "OOO",
        "采购经理": "III",
        "销售经理": "CCC",
        "IT总监": "DII",
        "市场总监": "III",
        "项目经理": "CCC",
        "软件工程师": "PPP",
        "厂长": "CDC",
        "副厂长": "CCC",
        "生产总监": "IDI",
        "质量经理": "CIC",
        "操作员": "-P-",
        "实习生": "OOO",
        "财务总监": "SSD",
        "副总裁": "SSS",
        "总裁": "DDD",
        "执行董事": "SSS",
        "产品经理": "CCC",
        "部门主管": "CCC",
        "系统架构师": "I--",
        "总经理办公室主任": "CCC",
        "创始人兼CEO": "DDD",
        "CTO兼联合创始人": "DDD",
        "会计": "PPP",
        "技术总监": "DII",
        "车间主任": "CCC",
        "前台": "OOO",
    },
}


@tagged("post_install", "-at_install")
class TestBuyingTemplateData(BuyingJourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shipped = {name: cls.env.ref(f"crm_buying_journey.buying_role_template_{name}") for name in TEMPLATES}

    # Titles and roles

    def test_every_title_gets_its_role(self):
        expected = {title: roles for titles in TITLES.values() for title, roles in titles.items()}
        people = self.env["res.partner"].create([{"name": title, "function": title} for title in expected])
        for position, (name, template) in enumerate(self.shipped.items()):
            role_of = dict.fromkeys(people.ids, "-")
            for line in template.line_ids.sorted("sequence", reverse=True):
                matching = Domain("id", "in", people.ids) & line.with_user(self.user)._get_people_domain()
                letter = next(
                    letter
                    for letter, role in ROLES.items()
                    if line.role_id == self.env.ref(f"crm_buying_journey.buying_role_{role}")
                )
                role_of.update(dict.fromkeys(self.env["res.partner"].with_user(self.user).search(matching).ids, letter))
            wrong = [
                f"{person.function}: {role_of[person.id]}, not {expected[person.function][position]}"
                for person in people
                if role_of[person.id] != expected[person.function][position]
            ]
            self.assertFalse(wrong, f"in the template {name}")

    def test_groups_are_filled_by_these_rules(self):
        template = self.shipped["software"].with_user(self.user).copy({"name": "Software test"})
        template.action_publish()
        solution = self.env["buying.solution"].create({"name": "ERP test", "template_id": template.id})
        group = self.env["buying.group"].create({"solution_id": solution.id, "partner_id": self.account.id})
        helper = self.make_person("Willie Burke", "Assistentin der Geschäftsführung", self.account)
        chief = self.make_person("Edwin Hansen", "Administrerende direktør", self.account)
        group.with_user(self.user).update_members()
        self.assertMember(group, self.director, self.decision_maker, "system")
        self.assertMember(group, chief, self.decision_maker, "system")
        self.assertMember(group, helper, self.env.ref("crm_buying_journey.buying_role_other"), "system")
        self.assertMember(group, self.analyst, self.practitioner, "system")

    def test_each_template_can_be_published(self):
        for name, template in self.shipped.items():
            with self.subTest(template=name):
                self.assertEqual(template.state, "draft")
                template.with_user(self.user).action_publish()
                self.assertEqual((template.state, template.published_uid), ("live", self.user))
                self.assertFalse([error for error in template.line_ids.mapped("rule_error") if error])

    def test_each_template_has_all_default_roles_once(self):
        defaults = self.env["buying.role"].search([("is_default", "=", True)])
        for name, template in self.shipped.items():
            with self.subTest(template=name):
                self.assertEqual(len(template.line_ids), 6)
                self.assertEqual(template.line_ids.role_id, defaults)
                self.assertAlmostEqual(sum(template.line_ids.mapped("share")), 100)
