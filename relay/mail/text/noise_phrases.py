"""What firms, gateways, lists and programs put around a message, as data: one row a language; another language is another row.

Used by `noise`, which compares all of it without capitals, accents and hyphens in "e-mail" (see `noise.bare`). Sources: the
programs' own mails, the notices that firms publish, and the vendors' manuals of mail gateways.
"""

from __future__ import annotations

# A phone, program or service: what "Sent from …" has to name, or it is somebody's sentence ("sent via mail", "отправлено через
# почту" are). Beginnings of words.
DEVICES: tuple[str, ...] = (
    # makes and programs
    "iphon", "айфон", "ipad", "ipod", "ios", "android", "андроид", "galaxy", "samsung", "самсунг", "huawei", "xiaomi", "redmi",
    "poco",
    "realme", "oneplus", "nokia", "lumia", "xperia", "htc", "motorola", "blackberry", "windows", "outlook", "gmail", "yahoo",
    "aol",
    "proton", "thunderbird", "k-9", "typeapp", "bluemail", "blue mail", "mymail", "mail.ru", "mailbird", "airmail",
    "edison mail", "fairemail",
    "superhuman", "mailspring", "spark mail", "spark by readdle", "gmx", "web.de", "t-online", "freenet", "mail orange",
    "orange mail", "sfr mail",
    "libero mail", "virgilio mail", "seznam", "email.cz", "onet", "interia", "yandex", "яндекс", "tutanota", "tuta mail",
    "fastmail",
    "zoho mail", "rambler", "рамблер", "ukr.net", "smartphone", "smartfon", "смартфон",
    # in words
    "mail for", "mail app", "mobile mail", "mobile app", "mobile device", "mobile phone", "my phone", "my mobile", "my cell",
    "my tablet",
    "my device", "t-mobile", "my mac", "my pc", "my laptop", "my computer", "my pixel", "my honor", "my sony", "my oppo",
    "my vivo",
    "почты mail", "почты для", "почта для", "почты майл", "приложения почт",
    'приложения "почт', "приложения «почт", "мобильной почт",
    "мобильного приложен", "мобильного телефон", "мобильного устройств", "моего телефон", "моего мобильн", "моего устройств",
    "моего планшет", "устройства honor", "мобильної пошт", "мобільної пошт", "мобільного", "мого телефон", "мого пристро",
    "мобильной верси",
    "mobiltelefon", "mobilgerat", "mobilen endger", "meinem handy", "meinem tablet", "meinem telefon",
    "mon mobile", "mon telephone", "mon appareil", "mon portable", "application mail",
    "mi movil", "mi telefono", "mi dispositivo", "meu celular", "meu telemovel", "meu telefone", "meu dispositivo",
    "mio cellulare", "mio telefono", "mio dispositivo", "urzadzenia mobiln", "mojego telefon", "mobilniho", "meho telefon",
    "mijn mobiel", "mijn telefoon", "mijn toestel", "min mobil", "min telefon", "matkapuhelim", "puhelimestani",
    "telefonumdan", "cep telefonum", "手机", "手機", "邮箱大师", "小米", "华为",
)  # fmt: skip

# What follows "Sent from my phone." in the same line or the next: language → beginnings.
EXCUSES: dict[str, tuple[str, ...]] = {
    "en": ("please excuse", "excuse", "sorry for", "apologies for", "pardon", "forgive"),
    "ru": ("простите за", "извините за", "прошу прощения за", "приношу извинения за"),
    "uk": ("вибачте за", "перепрошую за"),
    "de": ("bitte entschuldigen", "entschuldigen sie"),
    "fr": ("veuillez excuser", "merci d'excuser", "excusez"),
    "es": ("disculpe", "disculpen", "perdone"),
    "it": ("scusate", "mi scuso"),
    "pt": ("desculpe", "por favor, desculpe"),
}

# A confidentiality notice: language → kind → phrases. One kind may stand in anybody's sentence; two kinds
# beside the word for the mail itself make a notice.
NOTICE: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "mail": (
            "this email", "this message", "this mail", "this communication", "this transmission", "this electronic",
            "this correspondence", "the information", "information contained", "the contents of", "the content of",
            "this document", "this e mail", "email message", "the email", "our email", "emails", "company",
        ),
        "secret": ("confidential", "privileged", "proprietary information"),
        "for": (
            "intended solely", "solely intended", "intended only", "only intended", "solely for the", "intended recipient",
            "intended for the", "exclusively for the", "for the sole use", "for the named addressee", "whom they are addressed",
            "whom it is addressed",
        ),
        "stray": (
            "if you have received this", "if you received this", "if you have received it", "if you received it",
            "if you are not the",
            "if you're not the", "if you are not an", "if you are not a named", "if received in error", "if this email",
            "if this message",
            "if you believe you have received", "if you have erroneously", "in error",
        ),
        "act": (
            "notify the sender", "notify us", "notify the system manager", "inform the sender", "advise the sender",
            "contact the sender", "alert the sender",
            "delete it from", "delete this email", "delete this message", "delete the message", "delete the email",
            "delete all copies", "destroy",
            "return email", "reply email",
        ),
        "forbid": (
            "unauthorized", "unauthorised", "strictly prohibited", "is prohibited", "strictly forbidden", "is forbidden",
            "must not copy", "may be unlawful",
            "any copying", "any disclosure", "any dissemination", "any distribution", "any use of", "any review",
        ),
        "liability": (
            "accepts no liability", "accept no liability", "no responsibility for", "accept liability", "not liable for",
            "any views or opinions",
            "do not necessarily represent", "not necessarily those of", "free of viruses", "scanned for viruses",
            "legally binding",
            "privacy policy", "personal data",
        ),
        "register": ("registered in england", "registered office", "registered number", "company registration"),
    },
    "ru": {
        "mail": ("сообщени", "письм", "вложени", "электронн", "информация, содержащаяся", "документы, приложенные"),
        "secret": ("конфиденциальн", "коммерческую тайну", "охраняемую законом", "составляющую тайну"),
        "for": (
            "исключительно для", "предназначены только для", "предназначено только для", "предназначена только для",
            "предназначенную только",
            "предназначены для адресат", "предназначено для адресат", "только адресату", "исключительно адресату",
            "указанного получателя", "указанного адресата",
            "лицам, которым",
        ),
        "stray": (
            "если вы не являетесь", "если вы получили это", "если вы получили данн", "если вы получили настоящ",
            "если вы получили его",
            "если вы получили письмо", "если вы получили сообщение", "если вы не адресат", "если данное сообщение",
            "если это сообщение",
            "если настоящее сообщение", "если данное письмо", "если это письмо", "в случае получения", "в случае ошибочного",
            "в случае если вы", "в случае, если вы", "если оно попало", "не предназначено вам", "полученное по ошибке",
        ),
        "act": (
            "уведомите отправител", "уведомите об этом", "уведомить отправител", "сообщите отправител",
            "сообщите об этом отправител", "сообщить отправител", "известите отправител",
            "поставьте в известность отправител", "проинформируйте отправител", "информировать отправител", "удалите это",
            "удалите его", "удалите данное", "удалите сообщение",
            "удалите письмо", "немедленно удал", "незамедлительно удал", "уничтож",
        ),
        "forbid": (
            "строго запрещ", "категорически запрещ", "запрещается", "запрещено", "несанкционированн", "не допускается",
            "любое копирование", "любое распространение",
            "любое использование", "копирование, распространение", "является незаконным",
        ),
        "liability": ("не несет ответственности", "точку зрения", "персональных данных"),
        "offer": ("не является офертой", "не является публичной офертой", "не является предложением", "не является юридически"),
        "binds": ("не влечет", "не порождает", "не создает обязательств", "только в письменной форме"),
    },
    "uk": {
        "mail": ("повідомлення", "лист", "електронн"),
        "secret": ("конфіденційн", "комерційну таємницю"),
        "for": (
            "виключно для", "призначені тільки для", "призначене тільки для", "призначено лише для", "призначені лише для",
            "тільки для адресат",
        ),
        "stray": (
            "якщо ви не є", "якщо ви отримали", "якщо це повідомлення", "якщо цей лист", "у разі отримання",
            "у випадку отримання",
        ),
        "act": (
            "повідомте відправник", "повідомте про це", "повідомити відправник", "видаліть його", "видаліть це",
            "видаліть повідомлення", "знищ",
        ),
        "forbid": ("суворо заборон", "заборонено", "забороняється", "несанкціонован"),
    },
    "kk": {
        "mail": ("хабарлама", "хат"),
        "secret": ("құпия",),
        "for": ("тек адресатқа", "тек қана", "алушыға ғана", "адресатқа арналған", "алушыға арналған"),
        "stray": (
            "егер сіз бұл хабарламаны", "егер сіз осы хабарламаны", "егер бұл хабарлама", "қателесіп алсаңыз",
            "қате алған болсаңыз",
        ),
        "act": ("жіберушіге хабарла", "жіберушіге хабар", "жойыңыз", "жойып"),
        "forbid": ("тыйым салынады", "тыйым салынған"),
    },
    "de": {
        "mail": ("email", "mail", "nachricht", "gesellschaft", "gmbh", "ag"),
        "secret": ("vertraulich", "rechtlich geschutzte"),
        "for": ("ausschließlich fur", "nur fur den", "nur fur die", "bestimmt fur", "allein fur"),
        "stray": (
            "wenn sie nicht der", "falls sie nicht der", "sollten sie nicht", "irrtumlich erhalten", "sollten sie diese",
            "falls sie diese", "wenn sie diese",
        ),
        "act": (
            "informieren sie bitte", "bitte informieren sie", "benachrichtigen sie", "absender und", "den absender",
            "vernichten sie", "loschen sie", "zu loschen",
        ),
        "forbid": ("nicht gestattet", "untersagt", "unbefugt", "unerlaubt", "ist verboten"),
        "liability": ("keine haftung", "rechtsverbindlich", "datenschutz"),
        "register": ("amtsgericht", "registergericht", "handelsregister"),
        "managers": ("geschaftsfuhrer", "geschaftsfuhrung:", "vorstand:", "aufsichtsrat"),
    },
    "fr": {
        "mail": ("message", "courriel", "email", "mail", "courrier", "transmission"),
        "secret": ("confidentiel",),
        "for": (
            "exclusivement", "destinataire(s)", "a l'attention exclusive", "uniquement destine", "l'usage exclusif",
            "a l'intention exclusive", "seul usage",
        ),
        "stray": ("si vous avez recu", "si vous recevez ce", "si vous n'etes pas", "si ce message", "par erreur"),
        "act": (
            "avertir immediatement", "avertir l'expediteur", "informer l'expediteur", "en avertir", "en informer",
            "prevenir l'expediteur", "le detruire", "le supprimer", "de detruire",
        ),
        "forbid": ("est interdite", "strictement interdit", "non autorise", "toute utilisation", "toute diffusion"),
        "liability": ("decline toute responsabilite", "ne peut etre tenu"),
    },
    "es": {
        "mail": ("mensaje", "correo", "email", "comunicacion"),
        "secret": ("confidencial", "secreto profesional"),
        "for": ("exclusivamente", "uso exclusivo", "unicamente a", "destinado a", "exclusivo de su destinatario"),
        "stray": (
            "si usted ha recibido", "si ha recibido", "si usted no es", "si no es usted", "si no es el destinatario",
            "si recibe este", "si ud",
        ),
        "act": (
            "lo comunique", "comuniquelo", "notifique", "notifiquelo", "informe al remitente", "su eliminacion", "eliminelo",
            "destruir", "borrelo", "proceda a su",
        ),
        "forbid": ("queda prohibid", "esta prohibid", "estrictamente prohibid", "no autorizad", "queda notificado"),
        "liability": ("proteccion de datos", "no se hace responsable"),
    },
    "pt": {
        "mail": ("mensagem", "email", "correio", "comunicacao"),
        "secret": ("confidencia", "sigilos"),
        "for": ("exclusivamente", "uso exclusivo", "destina-se", "unicamente a"),
        "stray": (
            "se voce recebeu", "se recebeu", "caso tenha recebido", "se voce nao e", "se nao for", "caso voce nao seja",
            "por engano",
        ),
        "act": (
            "informe o remetente", "avise o remetente", "notifique o remetente", "comunique ao remetente", "apague",
            "elimine-a", "exclua", "destrua",
        ),
        "forbid": ("e proibid", "estritamente proibid", "nao autorizad", "terminantemente"),
    },
    "it": {
        "mail": ("messaggio", "email", "mail", "comunicazione", "informazioni"),
        "secret": ("riservat", "confidenzial"),
        "for": ("esclusivamente", "ad uso esclusivo", "uso esclusivo", "unicamente al"),
        "stray": (
            "qualora abbiate", "qualora lei", "se avete ricevuto", "se ha ricevuto", "se hai ricevuto", "se non siete",
            "qualora non fosse", "qualora riceveste", "per errore",
        ),
        "act": (
            "avvisare il mittente", "informare il mittente", "comunicarlo al mittente", "cancellarlo", "eliminarlo",
            "di distruggere", "darne comunicazione", "darcene",
        ),
        "forbid": ("e vietat", "severamente vietat", "rigorosamente vietat", "proibit", "non autorizzat"),
        "liability": ("d.lgs", "2016/679", "gdpr"),
    },
    "nl": {
        "mail": ("email", "bericht", "mail"),
        "secret": ("vertrouwelijk",),
        "for": (
            "uitsluitend bestemd", "uitsluitend bedoeld", "alleen bestemd", "bestemd voor de geadresseerde",
            "bedoeld voor de geadresseerde",
        ),
        "stray": ("indien u dit", "indien u niet", "als u dit bericht", "als u niet de", "ten onrechte", "abusievelijk"),
        "act": ("de afzender", "te verwijderen", "te vernietigen", "verwijder"),
        "forbid": ("niet toegestaan", "is verboden"),
        "liability": ("niet aansprakelijk", "geen aansprakelijkheid"),
    },
    "pl": {
        "mail": ("wiadomosc", "wiadomosci", "email", "poczt"),
        "secret": ("poufn",),
        "for": ("wyłacznie dla", "wyłacznie do", "przeznaczona jest", "tylko dla adresat"),
        "stray": (
            "jezeli otrzymali", "jesli otrzymali", "jezeli nie jest", "jesli nie jest", "jesli nie sa", "jezeli nie sa",
            "jesli otrzymal", "jezeli otrzymal", "omyłkow",
        ),
        "act": (
            "powiadomienie nadawcy", "poinformowanie nadawcy", "powiadomic nadawce", "poinformowac nadawce", "usuniecie",
            "usunac",
        ),
        "forbid": ("zabronion", "niedozwolon", "zakazan"),
    },
    "cs": {
        "mail": ("zprav", "email", "mail"),
        "secret": ("duvern",),
        "for": ("pouze jeho adresat", "urceny pouze", "urcen pouze", "urcena pouze", "vyhradne pro", "urceny vyhradne"),
        "stray": ("jestlize jste obdrzel", "pokud jste obdrzel", "pokud nejste", "omylem"),
        "act": ("jeho odesilatele", "informujte", "odesilatele", "odstrante ze", "vymazte", "smazte"),
        "forbid": ("zakazan", "neni dovoleno", "neopravnen"),
    },
    "sk": {
        "mail": ("sprav", "email", "mail"),
        "secret": ("dovern",),
        "for": ("vylucne pre", "urcena len", "urceny len", "urcene len", "vyhradne pre"),
        "stray": ("ak ste tuto", "ak ste tento", "ak nie ste", "omylom"),
        "act": ("odosielatela", "vymazte", "odstrante", "zmazte"),
        "forbid": ("zakazan", "neopravnen"),
    },
    "tr": {
        "mail": ("eposta", "mesaj", "ileti", "elektronik posta", "mail"),
        "secret": ("gizli",),
        "for": (
            "yalnızca gonderildigi", "sadece gonderildigi", "yalnizca alicisi", "kisiye ozel", "sadece alici",
            "yalnızca alıcı",
        ),
        "stray": ("yanlıslıkla", "sehven", "tarafınıza yanlıs", "muhatabı degilseniz", "alıcısı degilseniz"),
        "act": (
            "gondereni bilgilendir", "gondericiyi bilgilendir", "gonderene", "sisteminizden siliniz", "siliniz", "imha ediniz",
        ),
        "forbid": ("yasaktır", "yasaklanmıstır"),
        "liability": ("sorumluluk kabul", "sorumlu tutulamaz"),
    },
    "sv": {
        "mail": ("meddeland", "mejl", "email", "mail"),
        "secret": ("konfidentiell", "sekretess"),
        "for": ("endast avsett", "enbart avsett", "avsett endast", "avsedd endast"),
        "stray": ("om du har fatt", "om du inte ar", "om ni har fatt", "av misstag"),
        "act": ("meddela avsandaren", "kontakta avsandaren", "informera avsandaren", "radera", "ta bort meddelandet"),
        "forbid": ("forbjud", "inte tillat"),
    },
    "da": {
        "mail": ("mail", "email", "meddelelse"),
        "secret": ("fortrolig",),
        "for": ("kun beregnet", "udelukkende beregnet", "alene beregnet", "kun tilsigtet"),
        "stray": ("hvis du har modtaget", "hvis du ikke er", "ved en fejl", "ved en fejltagelse"),
        "act": ("give afsenderen besked", "kontakte afsenderen", "underrette afsenderen", "slette den", "slet "),
        "forbid": ("forbudt", "ikke tilladt"),
    },
    "nb": {
        "mail": ("epost", "melding", "email", "mail"),
        "secret": ("konfidensiell",),
        "for": ("kun beregnet", "kun ment", "utelukkende"),
        "stray": ("hvis du har mottatt", "dersom du har mottatt", "hvis du ikke er", "ved en feil", "ved en feiltakelse"),
        "act": ("varsle avsender", "gi beskjed til avsender", "kontakt avsender", "slette", "slett "),
        "forbid": ("forbudt", "ikke tillatt"),
    },
    "fi": {
        "mail": ("viest", "sahkoposti"),
        "secret": ("luottamuksellis",),
        "for": ("vain vastaanottajalle", "ainoastaan vastaanottajalle", "vain sen vastaanottajalle", "yksinomaan"),
        "stray": ("jos olet saanut", "jos ette ole", "jos et ole", "jos olette saanut", "erehdyksessa", "vahingossa"),
        "act": ("lahettajalle", "poistamaan viestin", "tuhoamaan", "poista viesti"),
        "forbid": ("kielletty",),
    },
    "hu": {
        "mail": ("uzenet", "email", "level"),
        "secret": ("bizalmas",),
        "for": ("kizarolag a cimzett", "csak a cimzett", "kizarolag a megjelolt"),
        "stray": ("amennyiben tevedesbol", "ha tevedesbol", "amennyiben on nem", "ha on nem", "ha nem on"),
        "act": ("ertesitse a feladot", "tajekoztassa a feladot", "torolje", "semmisitse meg"),
        "forbid": ("tilos", "szigoruan tilos"),
    },
    "ro": {
        "mail": ("mesaj", "email"),
        "secret": ("confidential",),
        "for": ("exclusiv destinatar", "destinate exclusiv", "numai pentru", "exclusiv pentru", "doar pentru uzul"),
        "stray": ("daca ati primit", "daca nu sunteti", "in cazul in care ati primit", "din greseala", "din eroare"),
        "act": (
            "anuntati expeditorul", "sa anuntati", "notificati expeditorul", "informati expeditorul", "sa il stergeti",
            "stergeti",
        ),
        "forbid": ("interzis",),
    },
    "el": {
        "mail": ("μηνυμα", "email", "ηλεκτρονικ"),
        "secret": ("εμπιστευτικ", "απορρητ"),
        "for": ("αποκλειστικα", "προοριζεται μονο", "προοριζονται μονο"),
        "stray": ("εαν λαβατε", "αν λαβατε", "εαν δεν ειστε", "αν δεν ειστε", "απο λαθος", "εκ παραδρομης"),
        "act": ("τον αποστολεα", "διαγραψτε", "καταστρεψτε"),
        "forbid": ("απαγορευεται",),
    },
    "he": {
        "mail": ("הודעה", "מייל", "דואר"),
        "secret": ("חסוי", "סודי", "חסויים"),
        "for": ("לנמען בלבד", "מיועדים לנמען", "מיועדת לנמען", "לשימוש הנמען"),
        "stray": ("אם קיבלת", "אם אינך", "אם הגיעה אליך", "אם הודעה זו"),
        "act": ("הודע לשולח", "להודיע לשולח", "ומחק", "למחוק"),
        "forbid": ("אסור", "אסורה"),
    },
    "ar": {
        "mail": ("الرسالة", "رسالة", "البريد"),
        "secret": ("سرية", "سري "),
        "for": ("للمرسل اليه فقط", "مخصصة للمرسل", "موجهة فقط", "للشخص المعني"),
        "stray": ("اذا استلمت", "اذا تلقيت", "اذا لم تكن", "في حال استلام", "عن طريق الخطا"),
        "act": ("ابلاغ المرسل", "اخطار المرسل", "اعلام المرسل", "حذفها", "وحذف"),
        "forbid": ("يحظر", "محظور"),
    },
    "zh": {
        "mail": ("邮件", "郵件", "信息", "信件"),
        "secret": ("保密", "机密", "機密"),
        "for": ("仅限于", "仅供", "僅供", "僅限", "指定收件人", "指定的收件人"),
        "stray": ("如果您错收", "如您误收", "如果您误收", "如果您不是", "若您不是", "如您不是", "若您誤收", "如阁下", "误收"),
        "act": ("通知发件人", "通知寄件人", "告知发件人", "回复邮件通知", "删除本邮件", "删除此邮件", "刪除"),
        "forbid": ("禁止", "严禁"),
    },
    "ja": {
        "mail": ("メール", "電子メール"),
        "secret": ("機密情報", "秘密情報", "機密性", "秘匿"),
        "for": ("受信者のみ", "宛先の方のみ", "名宛人", "特定の受信者", "本来の受信者"),
        "stray": ("誤って本", "誤って受信", "誤送信", "誤って送信", "心当たり", "お心当たり"),
        "act": ("送信者にご連絡", "送信者までご連絡", "送信元に", "ご連絡の上", "削除して", "削除いただ", "破棄"),
        "forbid": ("禁じ", "禁止"),
    },
    "ko": {
        "mail": ("메일", "이메일", "메시지"),
        "secret": ("기밀", "비밀 정보", "대외비"),
        "for": ("지정된 수신인", "지정된 수신자", "수신인만", "수신자만", "수신인에게만"),
        "stray": ("잘못 수신", "수신인이 아닌", "잘못 전송", "귀하가"),
        "act": ("발신인에게 알려", "발신자에게", "송신자에게", "메일을 삭제", "삭제하여"),
        "forbid": ("금지",),
    },
}  # fmt: skip

# A heading of such a notice, alone or before a colon: language → phrases.
HEADING: dict[str, tuple[str, ...]] = {
    "en": (
        "confidentiality notice", "confidentiality note", "confidentiality", "disclaimer", "legal notice", "legal disclaimer",
        "email disclaimer", "important notice",
    ),
    "ru": (
        "уведомление о конфиденциальности", "конфиденциальность", "о конфиденциальности",
        "предупреждение о конфиденциальности",
    ),
    "uk": ("повідомлення про конфіденційність",),
    "de": ("vertraulichkeitshinweis", "haftungsausschluss", "wichtiger hinweis"),
    "fr": ("avis de confidentialite", "avertissement", "clause de confidentialite"),
    "es": ("aviso de confidencialidad", "aviso legal", "advertencia legal"),
    "pt": ("aviso de confidencialidade", "aviso legal", "confidencialidade"),
    "it": ("avviso di riservatezza", "nota di riservatezza", "avvertenza"),
    "pl": ("klauzula poufnosci", "zastrzezenie"),
    "zh": ("保密声明", "免责声明", "機密聲明"),
}  # fmt: skip

# Formulas that say by themselves what they are: language → beginnings of a paragraph.
FORMULAS: dict[str, tuple[str, ...]] = {
    "en": (
        "please consider the environment before", "consider the environment before", "please think before you print",
        "think before you print",
        "think green", "save a tree", "before printing this", "please don't print this email", "please do not print this email",
        "this communication is confidential and may", "registered office:", "company registration number",
    ),
    "ru": (
        "пожалуйста, подумайте об окружающей среде", "подумайте об окружающей среде", "подумайте о природе", "берегите природу",
        "прежде чем распечатать это письмо", "прежде чем печатать это письмо", "перед печатью этого письма",
        "перед тем как распечатать это письмо",
        "данное сообщение не является офертой", "настоящее сообщение не является офертой", "это сообщение не является офертой",
        "данное письмо не является", "настоящее письмо не является", "данное электронное сообщение не является",
    ),
    "uk": ("подумайте про довкілля", "будь ласка, подумайте про довкілля", "перш ніж роздрукувати цей лист"),
    "de": (
        "bitte denken sie an die umwelt", "denken sie an die umwelt", "bitte prufen sie, ob diese email wirklich ausgedruckt",
        "sitz der gesellschaft:",
    ),
    "fr": ("pensez a l'environnement", "avant d'imprimer ce", "merci de penser a l'environnement", "n'imprimez ce"),
    "es": (
        "antes de imprimir este", "piense en el medio ambiente", "por favor, piense en el medio ambiente",
        "por favor, antes de imprimir",
    ),
    "pt": ("antes de imprimir", "pense no meio ambiente", "pense no ambiente"),
    "it": ("prima di stampare", "pensa all'ambiente", "rispetta l'ambiente", "non stampare questa"),
    "nl": ("denk aan het milieu", "denk aub aan het milieu", "print deze email alleen"),
    "pl": ("zanim wydrukujesz", "pomysl o srodowisku", "prosze pomysl o srodowisku"),
    "cs": ("myslete na zivotni prostredi", "nez vytisknete"),
    "tr": ("bu epostayı yazdırmadan", "cevreyi dusun", "lutfen cevreyi dusun"),
    "sv": ("tank pa miljon", "maste du skriva ut"),
    "da": ("tank pa miljøet", "skal denne mail printes"),
    "fi": ("ajattele ymparistoa",),
}  # fmt: skip

# An antivirus program or gateway about the mail itself: language → beginnings of a line.
SCANNED: dict[str, tuple[str, ...]] = {
    "en": (
        "virus-free", "this email has been checked for", "this email has been scanned", "this message has been scanned",
        "this message has been checked for",
        "this email was scanned", "this message was scanned", "this email is free from viruses", "this email was checked by",
        "this mail was scanned by",
        "no virus found in this", "no viruses found in this", "checked by avg", "scanned by avast", "information from eset",
        "the message was checked by eset",
    ),
    "ru": (
        "без вирусов. www", "это сообщение проверено", "это письмо проверено", "данное письмо проверено",
        "данное сообщение проверено", "сообщение проверено",
        "письмо проверено на", "проверено антивирусом касперского для", "проверено на наличие вирусов антивирус",
        "проверено на вирусы антивирус",
        "это сообщение свободно от вирусов", "это электронное письмо проверено", "это сообщение было проверено",
        "информация от eset", "информация от nod32",
        "проверено avg", "проверено kaspersky", "проверено dr.web", "вирусов не обнаружено. проверено",
    ),
    "uk": ("цей лист перевірено", "це повідомлення перевірено", "без вірусів. www"),
    "de": (
        "diese email wurde von avast", "diese email wurde auf viren", "diese nachricht wurde auf viren", "virenfrei. www",
        "virenfrei.www", "information von eset",
    ),
    "fr": (
        "garanti sans virus", "sans virus. www", "sans virus.www", "l'absence de virus dans ce",
        "ce message a ete verifie par",
    ),
    "es": (
        "libre de virus. www", "libre de virus.www", "este correo electronico ha sido comprobado",
        "este mensaje ha sido analizado", "el software de antivirus avast",
    ),
    "pt": ("livre de virus. www", "livre de virus.www", "este email foi verificado", "este email foi escaneado"),
    "it": ("privo di virus. www", "privo di virus.www", "mail priva di virus", "questa email e stata controllata"),
    "nl": ("virusvrij. www", "virusvrij.www", "deze email is gecontroleerd op virussen"),
    "pl": (
        "wolny od wirusow. www", "wolny od wirusow.www", "ta wiadomosc zostala sprawdzona",
        "ta wiadomosc e-mail zostala sprawdzona",
    ),
    "cs": ("neobsahuje zadne viry", "bez viru.www", "bez viru. www", "tato zprava byla zkontrolovana"),
    "tr": ("virus bulunmuyor. www", "bu eposta avast"),
}  # fmt: skip
VENDORS: tuple[str, ...] = (
    "avast", "avg", "kaspersky", "касперск", "eset", "nod32", "symantec", "messagelabs", "mailscanner", "mcafee",
    "bitdefender", "dr.web",
    "norton", "avira", "trend micro", "clamav", "barracuda", "mimecast", "sophos", "proofpoint", "f-secure", "g data", "spam",
    "virus", "вирус", "вірус",
    "viren", "wirus", "viry", "viru", "malware",
)  # fmt: skip

# A mailing list's footer: language → beginnings of a line.
LIST: dict[str, tuple[str, ...]] = {
    "en": (
        "you received this message because you are subscribed", "you are receiving this message because you are subscribed",
        "you received this email because you are subscribed", "you are receiving this email because you are subscribed",
        "you received this email because you subscribed", "to unsubscribe from this group", "to unsubscribe from this list, ",
        "to unsubscribe from this mailing list", "to unsubscribe send an email to", "to post to this group",
        "to view this discussion", "visit this group at", "for more options, visit",
        "to stop receiving notification emails like this",
    ),
    "ru": (
        "вы получили это сообщение, поскольку подписаны", "вы получили это сообщение, потому что подписаны",
        "вы получили это письмо, потому что подписаны",
        "вы получили это письмо, так как подписаны", "чтобы отменить подписку на эту группу",
        "чтобы отказаться от подписки на эту группу",
        "чтобы просмотреть обсуждение", "чтобы отписаться от этой рассылки",
    ),
    "uk": (
        "ви отримали це повідомлення, оскільки підписалися", "ви отримали це повідомлення, оскільки ви підписані",
        "щоб скасувати підписку на цю групу",
    ),
    "de": (
        "sie erhalten diese nachricht, weil sie", "sie haben diese nachricht erhalten, weil sie",
        "wenn sie sich von dieser gruppe abmelden",
    ),
    "fr": (
        "vous recevez ce message, car vous etes abonne", "vous recevez ce message car vous etes abonne",
        "pour vous desabonner de ce groupe",
    ),
    "es": ("has recibido este mensaje porque estas suscrito", "para cancelar la suscripcion a este grupo"),
    "pt": (
        "voce recebeu essa mensagem porque esta inscrito", "voce recebeu esta mensagem porque",
        "para cancelar inscricao nesse grupo",
    ),
    "it": ("hai ricevuto questo messaggio perche sei iscritto", "per annullare l'iscrizione a questo gruppo"),
    "pl": ("otrzymujesz te wiadomosc, poniewaz", "aby anulowac subskrypcje tej grupy"),
}  # fmt: skip
# Words of a list's footer below a long line of underscores.
LIST_WORDS: tuple[str, ...] = (
    "mailing list",
    "/listinfo",
    "unsubscribe",
    "список рассылки",
    "mailingliste",
    "liste de diffusion",
    "lista de correo",
)

# The receiving organisation's banner above a mail from outside: language → kind → phrases. Both kinds make a banner.
BANNER: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "mail": ("this email", "this message", "this mail", "this sender", "the sender of this"),
        "outside": (
            "external sender", "external email", "external mail", "external message", "external source",
            "outside of the organi", "outside the organi", "outside of your organi",
            "outside your organi", "outside our organi", "outside of our organi", "outside of the company",
            "outside the company", "originated outside", "originated from outside", "from outside of",
            "external to the organi", "external to our",
        ),
        "care": (
            "do not click", "don't click", "do not open", "don't open", "avoid clicking", "caution when", "before opening",
            "when opening", "before clicking", "when clicking", "careful with", "links and attachments with", "use caution",
            "exercise caution", "with caution", "be careful", "be cautious", "be vigilant", "recognize the sender",
            "recognise the sender",
            "trust the sender", "content is safe", "think before you click", "verify the sender",
        ),
    },
    "ru": {
        "mail": (
            "это письмо", "данное письмо", "письмо получено", "письмо пришло", "это сообщение", "данное сообщение",
            "сообщение получено", "этот отправитель", "отправитель этого", "письмо отправлено",
        ),
        "outside": (
            "внешнее письмо", "внешняя почта", "внешнего отправителя", "внешнем отправител", "внешний отправитель",
            "внешнего адреса", "внешнего источника", "внешней сети", "письмо пришло извне",
            "письмо получено извне", "из внешней", "из-за пределов", "за пределами организации", "за пределами вашей",
            "вне организации", "извне организации", "за пределами компании",
            "не из нашей организации", "от внешнего адресата",
        ),
        "care": (
            "не открывайте", "не переходите", "не нажимайте", "переходить по ссылкам", "открывать вложения",
            "открытии вложений", "будьте осторожны", "будьте внимательны", "соблюдайте осторожность",
            "проявите осторожность", "проявляйте осторожность",
        ),
    },
    "uk": {
        "mail": ("цей лист", "це повідомлення", "лист надійшов"),
        "outside": (
            "із-за меж", "за межами організації", "зовнішнього відправника", "зовнішній лист", "зовнішній відправник",
            "поза межами", "зовнішньої пошти",
        ),
        "care": ("не відкривайте", "не переходьте", "не натискайте", "будьте обережні", "будьте уважні"),
    },
    "kk": {
        "mail": ("бұл хат", "бұл хабарлама"),
        "outside": ("сыртқы жіберуші", "сыртқы хат", "ұйымнан тыс"),
        "care": ("ашпаңыз", "баспаңыз", "өтпеңіз", "абай болыңыз", "сақ болыңыз"),
    },
    "de": {
        "mail": ("diese email", "diese nachricht", "diese mail"),
        "outside": (
            "externen absender", "externe email", "externer absender", "externe nachricht", "außerhalb der organisation",
            "außerhalb des unternehmens", "außerhalb ihrer organisation", "von extern",
        ),
        "care": (
            "klicken sie nicht", "klicken sie keine", "offnen sie keine", "keine anhange", "keine links",
            "seien sie vorsichtig", "vorsicht bei", "vorsicht beim", "mit vorsicht",
        ),
    },
    "fr": {
        "mail": ("ce message", "ce courriel", "cet email", "ce mail"),
        "outside": (
            "expediteur externe", "l'exterieur de", "email externe", "courriel externe", "message externe",
            "exterieur a l'organisation", "exterieur a l'entreprise", "source externe",
        ),
        "care": (
            "ne cliquez pas", "n'ouvrez pas", "ne pas cliquer", "soyez prudent", "soyez vigilant", "faites preuve de prudence",
            "prudence",
        ),
    },
    "es": {
        "mail": ("este correo", "este mensaje", "este email"),
        "outside": (
            "fuera de la organizacion", "fuera de nuestra organizacion", "fuera de su organizacion", "remitente externo",
            "correo externo", "origen externo", "mensaje externo",
        ),
        "care": ("no haga clic", "no abra", "no pulse", "tenga cuidado", "tenga precaucion", "precaucion"),
    },
    "pt": {
        "mail": ("este email", "esta mensagem"),
        "outside": ("fora da organizacao", "remetente externo", "email externo", "origem externa", "fora da empresa"),
        "care": ("nao clique", "nao abra", "tenha cuidado", "tenha cautela", "cuidado"),
    },
    "it": {
        "mail": ("questa email", "questo messaggio", "questa mail"),
        "outside": (
            "mittente esterno", "esterna all'organizzazione", "dall'esterno", "all'esterno dell'organizzazione",
            "email esterna", "origine esterna",
        ),
        "care": ("non cliccare", "non aprire", "non fare clic", "prestare attenzione", "presta attenzione"),
    },
    "nl": {
        "mail": ("deze email", "dit bericht", "deze mail"),
        "outside": ("externe afzender", "buiten de organisatie", "buiten onze organisatie", "externe email"),
        "care": ("klik niet", "open geen", "wees voorzichtig", "voorzichtig met"),
    },
    "pl": {
        "mail": ("ta wiadomosc", "ten email"),
        "outside": (
            "spoza organizacji", "spoza firmy", "zewnetrznego nadawcy", "nadawca zewnetrzny", "wiadomosc zewnetrzna",
            "z zewnatrz",
        ),
        "care": ("nie klikaj", "nie otwieraj", "zachowaj ostroznosc", "prosimy o ostroznosc"),
    },
    "cs": {
        "mail": ("tento email", "tato zprava"),
        "outside": ("externiho odesilatele", "mimo organizaci", "externi odesilatel", "z externiho zdroje", "externi email"),
        "care": ("neklikejte", "neotevirejte", "budte opatrni", "dbejte opatrnosti"),
    },
    "tr": {
        "mail": ("bu eposta", "bu mesaj", "bu ileti"),
        "outside": ("kurum dısından", "kurulus dısından", "sirket dısından", "harici bir gonderen", "dıs kaynaklı"),
        "care": ("tıklamayın", "acmayın", "dikkatli olun", "tıklamayınız", "acmayınız"),
    },
    "sv": {
        "mail": ("detta mejl", "detta meddelande", "detta mail"),
        "outside": ("extern avsandare", "utanfor organisationen", "externt mail"),
        "care": ("klicka inte", "oppna inte", "var forsiktig"),
    },
    "da": {
        "mail": ("denne mail", "denne email"),
        "outside": ("ekstern afsender", "uden for organisationen", "ekstern mail"),
        "care": ("klik ikke", "abn ikke", "vær forsigtig"),
    },
    "fi": {
        "mail": ("tama viesti", "tama sahkoposti"),
        "outside": ("ulkopuoliselta", "organisaation ulkopuolelta", "ulkoinen lahettaja"),
        "care": ("ala avaa", "ala klikkaa", "ole varovainen"),
    },
    "hu": {
        "mail": ("ez az uzenet", "ez a level", "ez az email"),
        "outside": ("kulso felado", "szervezeten kivulrol", "kulso forrasbol"),
        "care": ("ne kattintson", "ne nyissa meg", "legyen ovatos"),
    },
    "ro": {
        "mail": ("acest email", "acest mesaj"),
        "outside": ("expeditor extern", "din afara organizatiei", "sursa externa"),
        "care": ("nu faceti clic", "nu deschideti", "nu accesati", "fiti atent"),
    },
    "zh": {
        "mail": ("此邮件", "本邮件", "该邮件", "此郵件"),
        "outside": ("外部邮件", "来自外部", "外部发件人", "外部郵件", "组织外部"),
        "care": ("请勿点击", "不要点击", "请勿打开", "谨慎", "小心", "請勿"),
    },
    "ja": {
        "mail": ("このメール", "本メール"),
        "outside": ("社外から", "組織外から", "外部から", "外部メール"),
        "care": ("クリックしない", "開かない", "ご注意", "注意して"),
    },
}  # fmt: skip
# A banner that does not say "this mail" begins with one of these, or is set off by brackets, stars or dashes.
WARNING: tuple[str, ...] = (
    "caution",
    "warning",
    "attention",
    "alert",
    "external",
    "notice",
    "внимание",
    "осторожно",
    "предупреждение",
    "увага",
    "обережно",
    "назар",
    "achtung",
    "vorsicht",
    "warnung",
    "hinweis",
    "avertissement",
    "prudence",
    "precaucion",
    "atencion",
    "aviso",
    "advertencia",
    "cuidado",
    "atencao",
    "attenzione",
    "avviso",
    "waarschuwing",
    "let op",
    "uwaga",
    "ostrzezenie",
    "pozor",
    "upozorneni",
    "dikkat",
    "uyarı",
    "varning",
    "advarsel",
    "varoitus",
    "huomio",
    "figyelem",
    "figyelmeztetes",
    "atentie",
    "警告",
    "注意",
    "外部",
)
# Who says one of these speaks for himself.
SPEAKERS: tuple[str, ...] = (
    "i",
    "we",
    "my",
    "our",
    "he",
    "she",
    "they",
    "я",
    "мы",
    "нам",
    "мне",
    "наш",
    "он",
    "она",
    "они",
    "ми",
    "ich",
    "wir",
    "je",
    "nous",
    "yo",
    "nosotros",
    "eu",
    "nos",
    "io",
    "noi",
)
# Exchange above a first mail; its link is the same in every language.
FIRST_CONTACT: tuple[str, ...] = (
    "aka.ms/learnaboutsenderidentification",
    "you don't often get email from",
    "some people who received this message don't often get email from",
)
# What a short banner says between brackets or stars, and nothing else beside it but a word of care.
SHORT_BANNER: tuple[str, ...] = (
    "external", "ext", "external email", "external sender", "external message", "внешнее письмо", "внешняя почта",
    "внешний отправитель", "extern", "externe email", "externer absender",
    "externo", "correo externo", "expediteur externe", "esterno", "зовнішній лист",
)  # fmt: skip
