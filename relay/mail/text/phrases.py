"""What mail clients say around a quote, as data: one row a language, so that another language is another row.

Used by `marks` (attributions, banners), `signature` and `noise`; the labels of header blocks are in `labels`. All words are in
lower case; month and weekday names are in `calendar`. Sources: the clients' own letters and their translations.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from functools import cache

from relay.mail.text import calendar

# "wrote" of an attribution: language → forms; "(а)", "(-ла)" and the like after them are understood.
WROTE: dict[str, tuple[str, ...]] = {
    "en": ("wrote", "writes", "sent", "has written", "said", "quoting"),
    "ru": (
        "пишет",
        "писал",
        "писала",
        "писали",
        "написал",
        "написала",
        "написали",
        "сообщил",
        "сообщила",
        "отправил",
        "отправила",
        "цитирую",
    ),
    "uk": ("пише", "писав", "писала", "написав", "написала", "пишуть", "надіслав", "надіслала"),
    "be": ("піша", "напісаў", "напісала", "пісаў", "пісала"),
    "kk": ("жазды", "деп жазды", "жазған", "мынаны жазды", "жазып жіберді"),
    "bg": ("написа", "пише"),
    "sr": (
        "је написао",
        "је написала",
        "je napisao",
        "je napisala",
        "napisao je",
        "piše",
        "пише",
        "написао је",
        "написала је",
        "je napisao/la",
    ),
    "de": ("schrieb", "schrieben", "geschrieben", "hat geschrieben", "schreibt", "zitat von"),
    "fr": ("a écrit", "écrivait", "a ecrit", "écrit"),
    "es": ("escribió", "escribio", "ha escrito"),
    "pt": ("escreveu", "escreveu em"),
    "it": ("ha scritto", "scrisse"),
    "nl": ("schreef", "heeft geschreven", "het volgende geschreven", "geschreven"),
    "pl": ("napisał", "napisała", "pisze", "napisal", "napisała/napisał", "pisał", "pisała"),
    "cs": ("napsal", "napsala", "napsal/a", "píše", "psal", "psala", "odesílatel"),
    "sk": ("napísal", "napísala", "napísal/a", "píše", "písal", "písala", "píšete"),
    "sl": ("je napisal", "je napisala", "napisal", "napisala"),
    "hr": ("napisao je", "napisala je", "je napisao", "je napisala", "piše", "napisao/la"),
    "tr": ("yazdı", "şunu yazdı", "şunları yazdı", "tarihinde şunu yazdı"),
    "sv": ("skrev",),
    "da": ("skrev",),
    "nb": ("skrev",),
    "fi": ("kirjoitti", "kirjoittaa", "lähetti"),
    "et": ("kirjutas", "kirjutas kuupäeval"),
    "lv": ("rakstīja",),
    "lt": ("rašė",),
    "hu": ("írta", "ezt írta", "a következőt írta", "írt", "írja"),
    "ro": ("a scris", "a trimis", "scrie"),
    "el": ("έγραψε", "γράφει"),
    "ar": ("كتب", "كتبت", "تمت كتابة ما يلي", "قام بكتابة"),
    "he": ("כתב", "כתבה", "מאת"),
    "zh": ("写道", "寫道", "写到", "撰写", "寫到"),
    "ja": ("書きました", "のメール", "が書きました"),
    "ko": ("작성", "님이 작성", "님이 다음과 같이 썼습니다", "쓴 글", "썼습니다"),
    "vi": ("đã viết", "viết"),
    "id": ("menulis",),
    "mk": ("напиша", "напишал"),
    "ca": ("va escriure", "ha escrit", "missatge de"),
    "gl": ("escribiu",),
    "eu": ("idatzi zuen", "igorleak hau idatzi zuen"),
    "is": ("skrifaði",),
    "sq": ("shkroi",),
    "th": ("เขียนว่า", "เขียน"),
    "fa": ("نوشت", "نوشته است"),
    "hi": ("ने लिखा", "लिखा"),
    "ka": ("დაწერა", "წერს"),
    "hy": ("գրել է", "գրեց"),
    "az": ("yazdı", "tarixində yazdı"),
    "uz": ("yozdi", "ёзди"),
    "ky": ("жазды", "мындай деп жазды"),
    "tg": ("навишт",),
    "mn": ("бичсэн", "бичжээ"),
    "ms": ("menulis", "telah menulis"),
    "tl": ("sumulat", "isinulat ni"),
}

# What stands before the date of an attribution: "On", "Am", "W dniu"; language → words.
ON: dict[str, tuple[str, ...]] = {
    "en": ("on", "at", "in", "dated"),
    "ru": ("в", "от", "пользователь", "письме", "сообщении"),
    "uk": ("о", "в", "від"),
    "bg": ("на", "в"),
    "de": ("am", "um"),
    "fr": ("le", "en", "date"),
    "es": ("el", "en", "día"),
    "pt": ("em", "no", "na", "dia", "às", "de"),
    "it": ("il", "giorno", "in", "data", "alle", "ore"),
    "nl": ("op", "om"),
    "pl": ("w", "dniu", "dnia", "o"),
    "cs": ("dne", "v"),
    "sk": ("dňa", "o"),
    "sl": ("dne", "je", "v", "ob", "oseba"),
    "hr": ("dana", "u"),
    "sv": ("den",),
    "da": ("den", "d"),
    "nb": ("på", "den"),
    "ro": ("pe", "în", "la"),
    "el": ("στις", "την"),
    "ar": ("في", "بتاريخ"),
    "he": ("בתאריך", "ב"),
    "zh": ("在", "于", "於"),
    "vi": ("vào", "lúc"),
    "id": ("pada", "tanggal", "pukul"),
    "lt": ("nuo",),
    "be": ("у", "ад"),
    "kk": ("ж",),
    "mk": ("на", "во"),
    "ca": ("el", "del", "dia", "a", "les", "dl"),
    "is": ("þann", "þ"),
    "th": ("ในวันที่", "เมื่อ", "เวลา"),
    "fa": ("در", "تاریخ"),
    "lv": ("plkst", "lietotājs", "g"),
    "sr": ("дана", "у"),
    "et": ("kell", "kuupäeval"),
    "ms": ("pada",),
    "az": ("tarixində",),
    "uz": ("yil", "soat"),
    "ky": ("ж",),
}

# A banner that stands over quoted history, between dashes: language → phrases.
ORIGINAL: dict[str, tuple[str, ...]] = {
    "en": (
        "original message", "original email", "original mail", "original appointment", "reply message", "previous message",
        "replied message",
    ),
    "ru": ("исходное сообщение", "исходное письмо", "оригинальное сообщение", "оригинал сообщения", "первоначальное сообщение"),
    "uk": ("оригінальне повідомлення", "вихідне повідомлення", "початкове повідомлення"),
    "kk": ("бастапқы хабар", "түпнұсқа хабар"),
    "bg": ("оригинално съобщение", "първоначално съобщение"),
    "de": (
        "ursprüngliche nachricht",
        "originalnachricht",
        "original-nachricht",
        "ursprüngliche mitteilung",
        "ursprüngliche mail",
    ),
    "fr": ("message d'origine", "message d’origine", "message original", "message initial"),
    "es": ("mensaje original",),
    "pt": ("mensagem original",),
    "it": ("messaggio originale", "messaggio originario"),
    "nl": ("oorspronkelijk bericht", "origineel bericht"),
    "pl": ("wiadomość oryginalna", "oryginalna wiadomość", "pierwotna wiadomość"),
    "cs": ("původní zpráva", "původní e-mail"),
    "sk": ("pôvodná správa",),
    "sl": ("izvirno sporočilo",),
    "hr": ("izvorna poruka", "originalna poruka"),
    "tr": ("özgün ileti", "orijinal mesaj", "orjinal mesaj"),
    "sv": ("ursprungligt meddelande", "originalmeddelande"),
    "da": ("oprindelig meddelelse", "oprindelig besked", "original meddelelse"),
    "nb": ("opprinnelig melding", "original melding"),
    "fi": ("alkuperäinen viesti",),
    "et": ("algne sõnum",),
    "hu": ("eredeti üzenet",),
    "ro": ("mesaj original", "mesajul original", "mesajul inițial"),
    "el": ("αρχικό μήνυμα",),
    "ar": ("الرسالة الأصلية", "رسالة أصلية"),
    "he": ("הודעה מקורית",),
    "zh": ("原始邮件", "原始郵件", "邮件原件", "原始信件", "回复的原邮件", "回覆的原郵件"),
    "ja": ("元のメッセージ",),
    "ko": ("원본 메시지", "원본 메일"),
    "vi": ("thư gốc", "tin nhắn gốc"),
    "id": ("pesan asli",),
}  # fmt: skip

# A banner over mail that was forwarded on purpose: language → phrases.
FORWARDED: dict[str, tuple[str, ...]] = {
    "en": ("forwarded message", "begin forwarded message", "forwarded by", "start of forwarded message", "forwarded mail"),
    "ru": (
        "пересылаемое сообщение", "пересланное сообщение", "перенаправленное сообщение", "пересылаемое письмо",
        "пересланное письмо",
        "начало переадресованного сообщения", "начало пересылаемого сообщения", "переадресованное сообщение",
    ),
    "uk": ("переслане повідомлення", "пересланий лист", "перенаправлене повідомлення", "початок переадресованого повідомлення"),
    "de": ("weitergeleitete nachricht", "anfang der weitergeleiteten nachricht", "anfang der weitergeleiteten e-mail"),
    "fr": ("message transféré", "début du message transféré", "début du message réexpédié", "message transmis"),
    "es": ("mensaje reenviado", "inicio del mensaje reenviado"),
    "pt": ("mensagem encaminhada", "mensagem reencaminhada", "início da mensagem reencaminhada"),
    "it": ("messaggio inoltrato", "inizio messaggio inoltrato"),
    "nl": ("doorgestuurd bericht", "begin doorgestuurd bericht"),
    "pl": ("wiadomość przekazana", "przekazana wiadomość", "treść przekazanej wiadomości", "początek przekazywanej wiadomości"),
    "cs": ("přeposlaná zpráva", "předaná zpráva", "začátek přeposílané zprávy"),
    "tr": ("iletilen mesaj", "yönlendirilmiş ileti"),
    "sv": ("vidarebefordrat meddelande", "vidarebefordrat brev"),
    "da": ("videresendt meddelelse", "videresendt besked"),
    "nb": ("videresendt melding", "videresendt e-post"),
    "fi": ("välitetty viesti", "edelleenlähetetty viesti"),
    "hu": ("továbbított üzenet", "továbbított levél"),
    "ro": ("mesaj redirecționat",),
    "el": ("προωθημένο μήνυμα",),
    "zh": ("转发的邮件", "轉寄的郵件", "转发邮件信息", "已转发邮件", "转发的原邮件"),
    "ja": ("転送メッセージ", "転送されたメッセージ"),
    "ko": ("전달된 메시지", "전달된 이메일"),
}  # fmt: skip

# "Please write above this line": history starts there. Language → phrases found inside a short line.
ABOVE: dict[str, tuple[str, ...]] = {
    "en": ("reply above this line", "type your reply above this line", "write above this line", "reply above the line"),
    "ru": ("выше этой линии", "выше этой строки", "выше этой черты", "над этой чертой", "над этой линией"),
    "de": ("oberhalb dieser zeile",),
    "fr": ("au-dessus de cette ligne",),
    "es": ("encima de esta línea",),
}

# What goes on after such a phrase in the same line: "to post a reply".
PURPOSE = frozenset({"to", "чтобы", "для", "щоб", "um", "pour", "para"})
# What stands between brackets in the place of a quote that was folded away.
HIDDEN: dict[str, tuple[str, ...]] = {
    "en": ("quoted text hidden", "quoted text is hidden"),
    "ru": ("цитируемый текст скрыт",),
    "uk": ("цитований текст приховано",),
    "de": ("zitierter text ausgeblendet",),
    "fr": ("texte des messages précédents masqué",),
    "es": ("el texto citado está oculto", "texto citado oculto"),
    "pt": ("texto das mensagens anteriores oculto", "texto citado ocultado"),
    "it": ("testo tra virgolette nascosto",),
    "nl": ("tekst uit oorspronkelijke bericht is verborgen",),
    "pl": ("ukryto cytowany tekst",),
    "cs": ("citovaný text byl skryt",),
    "tr": ("alıntılanan metin gizlendi",),
    "sv": ("citerad text är dold",),
    "zh": ("引用文字已隐藏", "隱藏引用文字"),
    "ja": ("引用テキストを非表示",),
}

# The first words of a line that a phone or program adds by itself: language → beginnings.
SENT_FROM: dict[str, tuple[str, ...]] = {
    "en": ("sent from", "sent via", "sent with", "get outlook for", "sent by my", "download outlook for", "get the outlook app"),
    "ru": (
        "отправлено с", "отправлено из", "отправлено через", "отправлено при помощи", "отправлено от", "получить outlook для",
        "скачать outlook для", "послано с", "написано с", "отправлено мобильн", "создано в",
    ),
    "uk": ("надіслано з", "надіслано із", "відправлено з", "отримати outlook для", "надіслано через", "надіслано зі"),
    "be": ("адпраўлена з", "даслана з"),
    "kk": ("iphone құрылғысынан жіберілді", "менің iphone", "ipad құрылғысынан жіберілді", "mail.ru поштасынан жіберілді"),
    "de": (
        "von meinem", "gesendet von", "gesendet mit", "outlook für", "diese nachricht wurde von meinem", "von samsung",
        "holen sie sich outlook für", "diese e-mail wurde von meinem", "gesendet über", "versendet mit", "mit der gmx",
    ),
    "fr": (
        "envoyé de mon", "envoyé depuis", "envoyé à partir", "envoyé avec", "obtenez outlook pour", "télécharger outlook",
        "obtenir outlook pour", "téléchargez outlook",
    ),
    "es": ("enviado desde", "enviado con", "obtener outlook para", "obtén outlook para"),
    "pt": (
        "enviado do meu", "enviado de", "enviado via", "obter o outlook para", "obtenha o outlook para", "enviado a partir",
        "enviado pelo",
    ),
    "it": ("inviato da", "inviato dal", "inviato con", "scarica outlook per", "ottieni outlook per"),
    "nl": (
        "verstuurd vanaf", "verzonden vanaf", "verzonden met", "outlook voor", "verstuurd met", "verstuurd via",
        "download outlook voor",
    ),
    "pl": ("wysłano z", "wysłane z", "pobierz outlook dla", "pobierz program outlook", "wysłano za pomocą"),
    "cs": ("odesláno z", "odesláno ze", "získat outlook pro", "získejte outlook pro", "posláno z"),
    "sk": ("odoslané z", "odoslané zo", "získať outlook pre"),
    "sl": ("poslano z",),
    "hr": ("poslano s", "poslano sa"),
    "bg": ("изпратено от",),
    "sr": ("послато са", "poslato sa"),
    "sv": ("skickat från", "skickades från", "hämta outlook för", "skickat via"),
    "da": ("sendt fra", "hent outlook til"),
    "nb": ("sendt fra", "skaff deg outlook for"),
    "fi": ("lähetetty", "hanki outlook"),
    "et": ("saadetud minu",),
    "lv": ("nosūtīts no",),
    "lt": ("išsiųsta iš",),
    "tr": (
        "iphone'umdan gönderildi", "ipad'imden gönderildi", "iphone'dan gönderildi", "android için outlook",
        "ios için outlook", "samsung mobile tarafından",
    ),
    "hu": ("az iphone-omról küldve", "iphone-ról küldve", "ipad-ről küldve", "elküldve"),
    "ro": ("trimis de pe", "trimis din", "obțineți outlook pentru"),
    "el": ("στάλθηκε από", "εστάλη από", "αποστολή από", "λήψη του outlook"),
    "he": ("נשלח מה", "נשלח מ", "נשלח באמצעות"),
    "ar": ("أرسلت من", "مرسل من", "تم الإرسال من", "الحصول على outlook"),
    "zh": ("发自我的", "從我的", "发送自", "获取 outlook", "發自我的", "來自我的", "发自", "取得 outlook", "从我的"),
    "ja": (
        "iphoneから送信", "ipadから送信", "私のiphoneから", "iosのoutlook", "ios 版 outlook を入手",
        "android 版 outlook を入手",
    ),
    "ko": (
        "나의 iphone에서 보냄", "내 iphone에서 보냄", "나의 ipad에서 보냄", "나의 galaxy에서 보냄", "ios용 outlook",
        "android용 outlook",
    ),
    "vi": ("được gửi từ", "gửi từ", "đã gửi từ"),
    "id": ("dikirim dari",),
}  # fmt: skip

# A line that closes a letter and says nothing else: language → phrases.
CLOSING: dict[str, tuple[str, ...]] = {
    "en": (
        "regards", "best regards", "kind regards", "kindest regards", "warm regards", "with best regards", "with kind regards",
        "many regards", "best wishes", "yours sincerely", "sincerely", "sincerely yours", "yours faithfully", "yours truly",
        "with regards", "respectfully", "with respect", "warmest regards", "with best wishes", "thanks and regards",
        "thanks & regards", "with thanks and regards", "respectfully yours",
    ),
    "ru": (
        "с уважением", "с наилучшими пожеланиями", "с искренним уважением", "с глубоким уважением", "с почтением",
        "всего доброго", "с уважением и наилучшими пожеланиями", "с уважением и надеждой на сотрудничество", "с ув",
        "с уважением к вам", "с большим уважением", "искренне ваш", "искренне ваша",
    ),
    "uk": ("з повагою", "з найкращими побажаннями", "щиро ваш", "з пошаною", "з щирою повагою"),
    "kk": ("құрметпен", "ізгі ниетпен", "зор құрметпен"),
    "be": ("з павагай",),
    "bg": ("с уважение", "поздрави"),
    "sr": ("с поштовањем", "s poštovanjem", "срдачан поздрав"),
    "hr": ("s poštovanjem", "srdačan pozdrav", "lijep pozdrav"),
    "sl": ("lep pozdrav", "s spoštovanjem"),
    "de": (
        "mit freundlichen grüßen", "freundliche grüße", "viele grüße", "beste grüße", "mit freundlichem gruß", "mfg",
        "mit freundlichen gruessen", "liebe grüße", "herzliche grüße", "mit besten grüßen", "freundliche grüsse",
        "mit freundlichen grüssen", "schöne grüße", "hochachtungsvoll",
    ),
    "fr": (
        "cordialement", "bien cordialement", "bien à vous", "sincères salutations", "très cordialement",
        "salutations distinguées",
        "meilleures salutations", "respectueusement", "cdlt", "bien sincèrement",
    ),
    "es": (
        "saludos", "un saludo", "saludos cordiales", "atentamente", "cordialmente", "un cordial saludo",
        "reciba un cordial saludo",
    ),
    "pt": (
        "atenciosamente", "cumprimentos", "com os melhores cumprimentos", "abraços", "melhores cumprimentos", "cordialmente",
        "att",
        "saudações",
    ),
    "it": ("cordiali saluti", "distinti saluti", "saluti", "cordialmente", "un cordiale saluto"),
    "nl": (
        "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groeten", "hartelijke groet", "vriendelijke groet",
        "hoogachtend",
    ),
    "pl": (
        "pozdrawiam", "z poważaniem", "serdecznie pozdrawiam", "z wyrazami szacunku", "pozdrawiam serdecznie",
        "z pozdrowieniami",
    ),
    "cs": ("s pozdravem", "s přátelským pozdravem", "s úctou"),
    "sk": ("s pozdravom", "s úctou"),
    "tr": ("saygılarımla", "saygılarımızla", "iyi çalışmalar"),
    "sv": ("med vänlig hälsning", "med vänliga hälsningar", "vänliga hälsningar", "vänlig hälsning", "mvh"),
    "da": ("med venlig hilsen", "venlig hilsen", "mvh", "med venlige hilsner"),
    "nb": ("med vennlig hilsen", "vennlig hilsen", "mvh"),
    "fi": ("ystävällisin terveisin", "terveisin", "parhain terveisin"),
    "et": ("lugupidamisega", "parimate soovidega"),
    "lv": ("ar cieņu",),
    "lt": ("pagarbiai",),
    "hu": ("üdvözlettel", "tisztelettel", "szívélyes üdvözlettel"),
    "ro": ("cu stimă", "cu respect", "cu deosebită stimă"),
    "el": ("με εκτίμηση", "με φιλικούς χαιρετισμούς"),
    "he": ("בברכה", "בכבוד רב", "בתודה ובברכה"),
    "ar": ("مع أطيب التحيات", "مع خالص التحية", "مع التحية", "تحياتي", "مع فائق الاحترام"),
    "zh": ("此致", "顺祝商祺", "祝好", "此致敬礼", "顺颂商祺"),
    "ko": ("감사합니다", "감사 합니다"),
    "vi": ("trân trọng", "thân mến"),
    "id": ("salam hormat", "salam hangat", "hormat kami"),
}  # fmt: skip

# Before an address's name: the pronouns that an attribution may have in its place.
PRONOUNS = frozenset({"you", "i", "вы", "ты", "я", "du", "sie", "vous", "tu", "usted", "lei"})
# The subject of an answer starts with one of these.
REPLY_PREFIXES = frozenset(
    {
        "re", "aw", "sv", "vs", "odp", "отв", "відп", "res", "rif", "antw", "ynt", "ref", "r", "vá", "απ", "σχετ", "bls", "atb",
        "trả lời", "رد", "תגובה", "回复", "答复", "回覆", "返信", "회신",
    }
)  # fmt: skip
# The subject of a mail that was forwarded starts with one of these.
FORWARD_PREFIXES = frozenset(
    {
        "fwd", "fw", "пересл", "wg", "tr", "rv", "enc", "doorst", "pd", "vb", "vl", "i", "ilt", "i̇lt", "továbbítás", "πρθ", "fs",
        "trs", "yml", "chuyển tiếp", "הועבר", "إعادة توجيه", "转发", "轉寄", "轉發", "転送", "전달",
    }
)  # fmt: skip
# A word as a regular expression: letters with the marks above and below them (Hebrew, Arabic, Indic and Thai scripts).
WORD = r"(?:[^\W\d_][\u0300-\u036f\u0591-\u05bd\u064b-\u0652\u0900-\u0903\u093a-\u094f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*+)++"


def flat(table: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Every phrase of a table once, the longest first (so that an alternation takes the longest)."""
    return tuple(sorted({phrase for row in table.values() for phrase in row}, key=lambda phrase: (-len(phrase), phrase)))


def pattern(found: Iterable[str]) -> str:
    """A regular expression of any of those phrases, the longest first; sorted by first letter, for that is tried much faster."""
    groups = itertools.groupby(sorted(found, key=lambda phrase: (phrase[0], -len(phrase), phrase)), key=lambda phrase: phrase[0])
    return "|".join(f"{re.escape(first)}(?:{'|'.join(re.escape(each[1:]) for each in group)})" for first, group in groups)


@cache
def months() -> frozenset[str]:
    """Month names and their abbreviations, without a full stop, in every language."""
    names = _words(calendar.months())
    return names | {name[:end] for name in names for end in range(4, len(name))}


@cache
def weekdays() -> frozenset[str]:
    """Weekday names and their abbreviations, without a full stop, in every language."""
    return _words(calendar.weekdays())


def _words(table: calendar.Names) -> frozenset[str]:
    names = (name.lower() for row in table.values() for each in row for name in each)
    return frozenset(word for name in names for word in re.findall(WORD, name) if len(word) > 1)
