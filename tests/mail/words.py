"""Sentences that people write, for tests that put together mails at random."""

SENTENCES = (
    "Завтра в девять буду у вас.",
    "The pump is back in place, please try it.",
    "Ключ у охраны, спросить Марину.",
    "Nous passerons jeudi matin.",
    "Запчасть заказана, ждём неделю.",
    "Bitte rufen Sie vorher an, das Tor ist zu.",
    "Счёт приложу к следующему письму.",
    "Da, am primit piesa.",
    "ありがとうございます。明日伺います。",
    "Сервер перезагружен, журнал чистый",
    "Позвоните мне: 8 (495) 000-00-00",
    "1. Проверили клапан",
    "- фильтр заменён",
)
