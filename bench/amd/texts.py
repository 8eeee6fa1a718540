"""What people and machines say in the corpus; every line belongs to one part (see `of`)."""

from collections.abc import Sequence

ORDER = ("train", "validation", "train", "test", "train", "train", "validation", "train", "test", "train")
"""Line n belongs to part ORDER[n % 10]: six tenths train, two tenths each of the others."""


def of(part: str, language: str, kind: str) -> list[str]:
    """Return the lines of one kind in one language that this part may use."""
    if language in OTHER:  # spoken in one part only
        return OTHER[language]["short" if kind in {"short", "company", "slow"} else "personal"]
    return [line for number, line in enumerate(TEXTS[language][kind]) if ORDER[number % len(ORDER)] == part]


def _combined(patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return every pattern with three of the names; a pattern's lines stay in one part."""
    assert len(patterns) == len(ORDER)
    return [
        pattern.format(names[(number * 3 + turn * 7) % len(names)])
        for turn in range(3)
        for number, pattern in enumerate(patterns)
    ]


RU_NAMES = ["Ивану", "Марии Петровне", "Алексею", "Ольге", "Дмитрию Сергеевичу", "Анне", "семье Ковалёвых", "Николаю",
            "Екатерине", "Павлу Андреевичу", "Светлане", "Михаилу"]  # fmt: skip
RU_FIRMS = ["Вектор", "Северный ветер", "Альфа строй", "Медицинский центр Забота", "Автосервис на Ленина", "Ромашка",
            "Техносила", "Юридическое бюро Право", "Дом мебели", "Компьютерный мир"]  # fmt: skip
EN_NAMES = ["John", "Mary Wilson", "Alex", "the Johnson family", "Peter Brown", "Susan", "Doctor Miller", "Emily",
            "Robert", "Kate and Tom"]  # fmt: skip
EN_FIRMS = ["Acme Systems", "Green Valley Dental", "Northern Logistics", "Smith and Partners", "City Auto Repair",
            "Blue Ocean Travel", "Parkside Pharmacy", "Global Supply"]  # fmt: skip

TEXTS: dict[str, dict[str, list[str]]] = {
    "ru": {
        "short": [
            "алло", "да", "слушаю", "да, алло", "алло, да", "говорите", "да, слушаю", "алло, слушаю вас", "слушаю вас",
            "да-да", "алло, кто это?", "да, говорите", "я вас слушаю", "ало", "да, я слушаю", "алло, говорите", "аллё",
            "у телефона", "алло, добрый день", "ну алло", "да, здравствуйте", "здравствуйте", "добрый день", "кто это?",
            "алё, да", "привет", "алло, я слушаю", "да, привет", "слушаю, говорите", "да, кто там?", "алло, здравствуйте",
            "да, да, слушаю", "ага, слушаю", "так, слушаю", "да, добрый вечер", "ну да", "алло, вас слушают", "кто говорит?",
            "да, это я", "алло, вас плохо слышно",
        ],
        "company": _combined([
            "Добрый день, компания {}, слушаю вас", "{}, здравствуйте, чем могу помочь?",
            "Компания {}, добрый день", "Здравствуйте, это {}, меня зовут Сергей, слушаю вас",
            "{}, отдел продаж, добрый день", "Приёмная, {}, слушаю", "{}, слушаю вас",
            "{}, бухгалтерия", "{}, алло", "Алло, {}, добрый день",
        ], RU_FIRMS),
        "slow": [
            "алло... да... я вас слушаю", "да... а кто это говорит?", "алло... подождите минуту... да",
            "сейчас... секундочку... слушаю", "да... алло... вас плохо слышно", "э... алло... кто это?",
            "алло... да, да... говорите громче", "погодите... я за рулём... алло", "да... это квартира Смирновых",
            "алло... здравствуйте... а вы кто?",
        ],
        "personal": _combined([
            "Здравствуйте! Вы позвонили {}. Сейчас я не могу ответить на ваш звонок. Оставьте сообщение после сигнала.",
            "Привет, вы звоните {}. Меня нет дома, перезвоните позже или оставьте сообщение.",
            "Вы дозвонились {}. К сожалению, я занят. Говорите после звукового сигнала, я обязательно перезвоню.",
            "Добрый день. Это автоответчик. Вы позвонили {}. Пожалуйста, оставьте ваше имя и номер телефона.",
            "Это {}, сейчас подойти к телефону не могу. Скажите, что вы хотели, после гудка.",
            "Здравствуйте, вас приветствует автоответчик {}. Ваш звонок очень важен. Оставьте сообщение.",
            "Алло, это автоответчик {}. Никого нет дома. Оставьте сообщение, и мы вам перезвоним.",
            "Вы попали на голосовую почту {}. После сигнала оставьте, пожалуйста, сообщение.",
            "Если вы звоните {}, то сейчас я на совещании. Напишите мне или оставьте голосовое сообщение.",
            "К сожалению, {} сейчас нет на месте. Оставьте сообщение после короткого сигнала.",
        ], RU_NAMES),
        "carrier": [
            "Аппарат абонента выключен или находится вне зоны действия сети. Попробуйте позвонить позже.",
            "Абонент временно недоступен. Оставьте сообщение после звукового сигнала.",
            "Абонент не отвечает. Вы можете оставить голосовое сообщение. Стоимость звонка согласно тарифу.",
            "Набранный вами номер не существует. Проверьте правильность набора номера.",
            "В данный момент абонент не может ответить на ваш звонок. Перезвоните, пожалуйста, позднее.",
            "Вас приветствует голосовой помощник. Абонент сейчас занят. Что ему передать?",
            "Здравствуйте, это голосовой ассистент. Абонент не может подойти к телефону, скажите, по какому вы вопросу.",
            "Номер заблокирован. Обратитесь в справочную службу вашего оператора связи.",
            "Вызываемый абонент разговаривает. Пожалуйста, оставайтесь на линии или перезвоните позднее.",
            "Данный вид связи недоступен для абонента. Обратитесь в абонентскую службу.",
            "Абонент находится в роуминге. Оставьте сообщение, и он получит его в ближайшее время.",
            "Неправильно набран номер. Пожалуйста, проверьте номер и повторите вызов.",
            "Вы позвонили на номер абонента, который сейчас недоступен. Мы сообщим ему о вашем звонке.",
            "Извините, линия перегружена. Попробуйте, пожалуйста, перезвонить через несколько минут.",
            "Голосовая почта. Абонент, которому вы звоните, не отвечает. Говорите после гудка.",
            "Связь с абонентом временно прервана. Повторите вызов позднее.",
            "Автоответчик оператора. Номер, который вы набрали, сейчас не обслуживается.",
            "Телефон абонента выключен. Вам придёт сообщение, когда он появится в сети.",
            "Абонент ограничил входящие вызовы. Ваш звонок не может быть выполнен.",
            "Ваш вызов переадресован на голосовой почтовый ящик. Оставьте сообщение.",
        ],
        "ivr": _combined([
            "Здравствуйте! Вы позвонили в компанию {}. Для связи с отделом продаж нажмите один. Для соединения с оператором дождитесь ответа.",
            "Компания {} приветствует вас. Наберите внутренний номер сотрудника в тональном режиме.",
            "Спасибо, что позвонили в {}. Все операторы заняты. Ваш звонок очень важен для нас.",
            "Вас приветствует {}. Если вы физическое лицо, нажмите один, если юридическое, нажмите два.",
            "{}. Внимание, в целях улучшения качества обслуживания все разговоры записываются.",
            "Добро пожаловать в {}. Мы работаем ежедневно с девяти до двадцати одного часа.",
            "Вы позвонили в {}. Пожалуйста, оставайтесь на линии, вам ответит первый освободившийся оператор.",
            "{}, добрый день. Рабочее время закончено. Перезвоните завтра или оставьте сообщение.",
            "Здравствуйте. Это {}. Для повторного прослушивания меню нажмите звёздочку.",
            "Уважаемые клиенты! {} переехала по новому адресу. Дождитесь соединения с оператором.",
        ], RU_FIRMS),
        "brief": [
            "Оставьте сообщение.", "Говорите после сигнала.", "Автоответчик.", "Меня нет, говорите.", "Голосовая почта.",
            "Вы знаете, что делать.", "Оставьте сообщение после гудка.", "Сообщение после сигнала.", "Абонент занят.",
            "Перезвоните позже.",
        ],
        "trick": [
            "Алло!|Да, слушаю!|Шутка, это автоответчик. Оставьте сообщение.", "Да?|Вас не слышно. Это запись, говорите после сигнала.",
            "Алло?|Попались! Меня нет дома. Оставьте сообщение.", "Привет!|Нет, это не я, это мой автоответчик.",
            "Алло, говорите!|Громче!|А, ладно, это автоответчик.", "Да-да?|Я не могу подойти, оставьте сообщение.",
            "Слушаю вас.|Точнее, слушает автоответчик. Говорите после гудка.", "Алло?|Кто это?|Оставьте имя и номер после сигнала.",
            "Минуточку.|Нет, всё равно не подойду. Оставьте сообщение.", "Ну привет.|Если вы это слышите, меня нет дома.",
        ],
    },
    "en": {
        "short": [
            "hello", "yes", "hello?", "yeah", "hi", "hello, who's this?", "yes, hello", "hello, hello", "speaking",
            "good morning", "yes, speaking", "hello, yes", "who is it?", "hey", "yep", "hi there", "good afternoon",
            "hello, this is Mary", "yes, who's calling?", "Tom here", "hello, can I help you?", "what is it?", "John speaking",
            "yeah, hello", "hey, what's up?", "hello, good evening", "hi, who's there?", "yes please", "Kate here",
            "hello, can you hear me?", "this is David", "uh, hello", "ok, hello", "hi, this is Ann", "go ahead",
            "yes, I'm listening", "evening", "oh hi", "hello, it's me", "yes, what?",
        ],
        "company": _combined([
            "Good morning, {}, how can I help you?", "{}, this is Sarah speaking", "{}, Mike speaking",
            "Hello, {}, reception, good afternoon", "{}, sales department, how may I direct your call?",
            "Good afternoon, {}, you're speaking with Linda", "{}, good morning",
            "{}, good morning, Jenny speaking", "{}, front desk", "{} customer service, hello",
        ], EN_FIRMS),
        "slow": [
            "hello... yes... who is this?", "uh... just a second... hello", "yes... I can hardly hear you",
            "hello... hold on... ok, go ahead", "well... hello there... who's calling?", "one moment... yes?",
            "hello... is that you, Peter?", "sorry... I'm driving... hello", "yes... this is the Brown residence",
            "hello... wait... what do you want?",
        ],
        "personal": _combined([
            "Hi, you've reached {}. I can't come to the phone right now. Please leave a message after the tone.",
            "Hello, this is {}. I'm not available at the moment. Leave your name and number and I'll call you back.",
            "You have reached the voicemail of {}. Please record your message after the beep.",
            "Hey, it's {}. Sorry I missed your call. Leave me a message and I'll get back to you.",
            "This is {}. I'm away from my desk or on the other line. Please leave a detailed message.",
            "Thanks for calling {}. We are not home right now, but your call is important to us.",
            "Hi there! {} can't take your call. You know what to do after the beep.",
            "{} here, well, not really. Leave a message and have a nice day.",
            "Hello and thank you for your call. {} is out of the office until Monday.",
            "If you are looking for {}, please try again later or leave a short message.",
        ], EN_NAMES),
        "carrier": [
            "The number you have dialed is not in service. Please check the number and dial again.",
            "The person you are calling is not available. At the tone, please record your message.",
            "Your call has been forwarded to an automatic voice message system.",
            "The subscriber you have dialed is not reachable at the moment. Please try again later.",
            "We're sorry, your call cannot be completed as dialed. Please hang up and try again.",
            "The mobile phone you are calling is switched off or out of coverage.",
            "Hi. If you record your name and reason for calling, I'll see if this person is available.",
            "All circuits are busy now. Please try your call again later.",
            "The wireless customer you called is not accepting calls at this time.",
            "Please enjoy the music while your party is reached.",
            "You have reached a number that has been disconnected or is no longer in service.",
            "This mailbox is full and cannot accept any messages at this time. Goodbye.",
            "The customer you are trying to reach is currently on another call.",
            "After the tone please leave a message. When you have finished, you may hang up or press one.",
            "The number you are calling has calling restrictions that have prevented completion of your call.",
            "Sorry, the person you are calling has a voice mailbox that has not been set up yet.",
            "Call assist by your phone company. The person cannot answer. Please state your name.",
            "Please wait while we try to connect your call to the subscriber.",
            "Voice mail. No one is available to take your call.",
            "The number you have called has been changed to an unlisted number.",
        ],
        "ivr": _combined([
            "Thank you for calling {}. For sales press one. For support press two, or stay on the line.",
            "Welcome to {}. If you know your party's extension, you may dial it at any time.",
            "You have reached {}. Our offices are closed. Our business hours are nine to five.",
            "Thank you for holding. All of our representatives at {} are currently busy.",
            "{}. This call may be monitored or recorded for quality assurance.",
            "Hello, and welcome to {}. Please listen carefully as our menu options have changed.",
            "{} thanks you for your call. Please enter your account number followed by the pound key.",
            "Good day. To continue in English with {}, press one. Para continuar, oprima dos.",
            "Welcome. You are caller number three. {} will be with you shortly.",
            "Please hold while {} connects you with the next available agent.",
        ], EN_FIRMS),
        "brief": [
            "Leave a message.", "You know what to do.", "Voicemail.", "Please leave a message after the tone.", "At the beep.",
            "Not here, leave a message.", "Record your message.", "Mailbox is full.", "Wait for the beep.", "Nobody's home.",
        ],
        "trick": [
            "Hello?|Hello?|Just kidding, I'm not here. Leave a message.", "Hi!|Gotcha, this is my voicemail. Leave a message.",
            "Yeah?|Speak up!|Ha, it's a machine. Wait for the beep.", "Hello?|I can't hear you.|Because I'm not here.",
            "Yes?|Oh, it's you. Leave a message after the tone.", "Hello, who is it?|Never mind, I'm out. Leave your number.",
            "Hey there!|You missed me again, leave a message.", "Good morning!|This is a recording, please leave your name.",
            "Hi, how are you?|I'm fine too, but I'm not at home.", "Hello.|You have reached my answering machine.",
        ],
    },
}  # fmt: skip

OTHER: dict[str, dict[str, list[str]]] = {
    "es": {
        "short": ["hola", "diga", "sí, dígame", "bueno", "hola, quién habla"],
        "personal": [
            "Hola, has llamado a Carlos. Ahora no puedo atenderte. Deja tu mensaje después de la señal.",
            "El número marcado no está disponible en este momento. Inténtelo de nuevo más tarde.",
            "Gracias por llamar. Todos nuestros agentes están ocupados. Por favor espere.",
        ],
    },
    "fr": {
        "short": ["allô", "oui, allô", "bonjour", "oui, j'écoute"],
        "personal": [
            "Bonjour, vous êtes bien sur le répondeur de Marie. Laissez un message après le bip sonore.",
            "Votre correspondant n'est pas disponible. Veuillez rappeler ultérieurement.",
            "Bienvenue. Pour joindre le service commercial, tapez un.",
        ],
    },
    "de": {
        "short": ["hallo", "ja bitte", "Müller, guten Tag", "ja, hallo"],
        "personal": [
            "Guten Tag, hier ist der Anrufbeantworter von Familie Schmidt. Bitte hinterlassen Sie eine Nachricht.",
            "Der gewünschte Gesprächspartner ist zurzeit nicht erreichbar. Bitte rufen Sie später wieder an.",
            "Willkommen. Alle Mitarbeiter sind im Gespräch. Bitte bleiben Sie in der Leitung.",
        ],
    },
}
