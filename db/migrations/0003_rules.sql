-- Rules of the dial boundary: consent, limits per number over all campaigns, destinations, budgets, chosen callbacks.

-- Consent is all three or none: a basis without a time or a source proves nothing.
ALTER TABLE contacts
    ADD COLUMN consent_basis text CHECK (consent_basis <> ''),        -- what was agreed, e.g. "form on the web site"
    ADD COLUMN consent_at timestamptz,
    ADD COLUMN consent_source text CHECK (consent_source <> ''),      -- where it is on record
    ADD COLUMN callback_at timestamptz,                               -- the callee's choice; goes before others
    ADD CONSTRAINT contacts_consent_is_whole CHECK (num_nulls(consent_basis, consent_at, consent_source) IN (0, 3));
CREATE INDEX contacts_callbacks ON contacts (campaign_id, callback_at) WHERE state = 'retry' AND callback_at IS NOT NULL;

CREATE TABLE limit_profiles (                          -- calls to one number by all campaigns; NULL: no limit
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    name text NOT NULL CHECK (name <> ''),
    per_day integer CHECK (per_day > 0),
    per_week integer CHECK (per_week > 0),             -- from Monday
    per_month integer CHECK (per_month > 0),
    UNIQUE (project_id, name)
);
-- Federal law of Russia 230-FZ, article 7: telephone calls to a debtor.
INSERT INTO limit_profiles (name, per_day, per_week, per_month) VALUES ('Взыскание долгов', 1, 2, 8);
CREATE INDEX attempts_by_phone ON attempts (project_id, phone, claimed_at);

ALTER TABLE campaigns
    ADD COLUMN requires_consent boolean NOT NULL DEFAULT false,
    ADD COLUMN destinations text[] NOT NULL DEFAULT '{}',             -- `RU`, `+7495`; none: the default country alone
    ADD COLUMN limit_profile_id bigint REFERENCES limit_profiles,
    ADD COLUMN max_calls_per_day integer CHECK (max_calls_per_day > 0),     -- NULL: no budget
    ADD COLUMN max_minutes_per_day integer CHECK (max_minutes_per_day > 0);
ALTER TABLE projects                                   -- the same, over all campaigns
    ADD COLUMN max_calls_per_day integer CHECK (max_calls_per_day > 0),
    ADD COLUMN max_minutes_per_day integer CHECK (max_minutes_per_day > 0);

CREATE TABLE day_tallies (                             -- concluded attempts by the day of their claim, campaign's zone
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    campaign_id bigint NOT NULL REFERENCES campaigns,
    day date NOT NULL,
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 7),
    calls bigint NOT NULL DEFAULT 0,
    billsec bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, day, campaign_id, shard)
) WITH (fillfactor = 50);
INSERT INTO day_tallies (campaign_id, day, shard, calls, billsec)
SELECT a.campaign_id, (a.claimed_at AT TIME ZONE k.time_zone)::date, 0, count(*), coalesce(sum(a.billsec), 0)
FROM attempts a JOIN campaigns k ON k.id = a.campaign_id
WHERE a.concluded_at IS NOT NULL GROUP BY 1, 2;

-- Decree of the government of Russia 1466 of 24 September 2025 moves two days off; that for 2027 is not in here.
INSERT INTO holidays (country, day, name) VALUES
    ('RU', '2026-01-09', 'Новогодние каникулы (перенос с 3 января)'),
    ('RU', '2026-12-31', 'Новогодние каникулы (перенос с 4 января)')
ON CONFLICT DO NOTHING;

CREATE TABLE refused_prefixes (                        -- numbers that begin so are never dialled: they cost extra
    project_id bigint NOT NULL DEFAULT 1 REFERENCES projects,
    prefix text NOT NULL CHECK (prefix ~ '^\+[1-9][0-9]{0,14}$'),
    note text NOT NULL DEFAULT '',
    PRIMARY KEY (project_id, prefix)
);
-- Premium-rate and shared-cost ranges of the numbering plans, those that a prefix tells exactly.
INSERT INTO refused_prefixes (prefix, note)
SELECT unnest(string_to_array(prefixes, ' ')), country || ': ' || kind FROM (VALUES
    ('AD', 'premium_rate', '+3761 +3769'),
    ('AE', 'premium_rate', '+9719000 +9719002'),
    ('AE', 'shared_cost', '+9717000 +9717005'),
    ('AL', 'premium_rate', '+3559001 +3559002 +3559003 +3559004 +3559005 +3559006 +3559007 +3559008 +3559009'),
    ('AL', 'shared_cost', '+3558081 +3558082 +3558083 +3558084 +3558085 +3558086 +3558087 +3558088 +3558089'),
    ('AM', 'premium_rate', '+374900 +374901 +374906'),
    ('AM', 'shared_cost', '+374801 +374802 +374803 +374804'),
    ('AR', 'premium_rate', '+54600 +54604 +54605 +54607 +54609'),
    ('AT', 'premium_rate',
        '+43862 +43863 +43864 +43865 +43866 +43868 +43892 +43893 +43894 +43895 +43896 +43898 +43900 +43901 '
        '+43930 +43931 +43939'),
    ('AT', 'shared_cost', '+43810 +43820 +43821 +43828'),
    ('AU', 'premium_rate', '+611900 +611901 +611902 +611906'),
    ('AU', 'shared_cost', '+6113'),
    ('AW', 'premium_rate', '+297900'),
    ('AX', 'premium_rate', '+358600 +358700'),
    ('AZ', 'premium_rate', '+99490020'),
    ('BA', 'premium_rate', '+38790 +38792 +38794 +38796'),
    ('BA', 'shared_cost', '+38781 +38782'),
    ('BB', 'premium_rate', '+124697'),
    ('BE', 'premium_rate',
        '+327020 +327021 +327022 +327023 +327024 +327025 +327027 +327030 +327034 +327035 +327036 +327037 '
        '+327044 +327060 +327064 +327065 +327066 +327069 +327070 +327075 +327077 +327079 +3290'),
    ('BE', 'shared_cost', '+327879'),
    ('BG', 'premium_rate', '+35990'),
    ('BG', 'shared_cost', '+359700'),
    ('BH', 'premium_rate', '+97387 +97390 +97391 +97392 +97393 +97394 +97395 +97396 +97397 +97398'),
    ('BH', 'shared_cost', '+97384'),
    ('BL', 'premium_rate', '+59081 +59082 +59089'),
    ('BR', 'premium_rate', '+55500 +55900'),
    ('BR', 'shared_cost', '+55300 +55303 +55400 +554020 +554864'),
    ('BW', 'premium_rate', '+26790'),
    ('BY', 'premium_rate', '+375810 +375902'),
    ('CF', 'premium_rate', '+2368776'),
    ('CG', 'premium_rate', '+242800 +242801 +242802'),
    ('CH', 'premium_rate', '+41900 +41901 +41906'),
    ('CH', 'shared_cost', '+41840 +41842 +41844 +41848'),
    ('CN', 'premium_rate', '+86160 +86168'),
    ('CN', 'shared_cost', '+86400 +86950'),
    ('CO', 'premium_rate', '+571900 +571901 +571947 +571948 +57901'),
    ('CR', 'premium_rate', '+506900 +506905 +506909'),
    ('CU', 'shared_cost', '+53807'),
    ('CW', 'shared_cost', '+599600 +599601 +599602'),
    ('CY', 'premium_rate', '+357900 +357909'),
    ('CY', 'shared_cost', '+357801 +357802 +357803 +357804 +357805 +357806 +357807 +357808 +357809'),
    ('CZ', 'premium_rate', '+420900 +420905 +420906 +420908 +420909 +420976'),
    ('CZ', 'shared_cost', '+42081 +42083 +42084'),
    ('DE', 'premium_rate', '+491377 +491378 +491379 +499001 +499003 +499005 +499009'),
    ('DE', 'shared_cost', '+491371 +491372 +491373 +491374 +491375 +491376 +49138 +49180'),
    ('DK', 'premium_rate', '+4590'),
    ('DZ', 'premium_rate', '+2138031 +2138041 +2138051 +2138061 +2138081 +2138091'),
    ('DZ', 'shared_cost', '+2138011 +2138021'),
    ('EE', 'premium_rate', '+37240 +372900'),
    ('EG', 'premium_rate', '+20900'),
    ('EH', 'premium_rate', '+21289'),
    ('ES', 'premium_rate', '+34803 +34806 +34807'),
    ('ES', 'shared_cost', '+34901 +34902'),
    ('FO', 'premium_rate',
        '+2989011 +2989015 +2989016 +2989017 +2989021 +2989022 +2989025 +2989026 +2989027 +2989031 +2989035 '
        '+2989036 +2989037 +2989041 +2989045 +2989046 +2989047 +2989051 +2989055 +2989056 +2989057 +298909'),
    ('FR', 'premium_rate',
        '+33830 +33831 +33832 +33833 +33834 +33835 +3383600 +3383601 +3383602 +3383603 +3383606 +3383607 '
        '+3383608 +3383609 +338361 +338362 +338363 +338364 +338365 +338366 +338367 +338368 +338369 +33837 '
        '+33838 +33839 +3385 +3386 +3388 +3389'),
    ('FR', 'shared_cost', '+3381 +3382 +33840 +33842 +33844'),
    ('GB', 'premium_rate',
        '+44842 +44843 +44844 +44845 +44870 +44871 +44872 +44873 +4490 +4491 +44982 +44983 +44984 +44989'),
    ('GF', 'premium_rate', '+59481 +59482 +59489'),
    ('GG', 'premium_rate', '+44980 +44981'),
    ('GQ', 'premium_rate',
        '+2409001 +2409002 +2409003 +2409004 +2409005 +2409006 +2409007 +2409008 +2409009 +2409011 +2409012 '
        '+2409013 +2409014 +2409015 +2409016 +2409017 +2409018 +2409019 +2409021 +2409022 +2409023 +2409024 '
        '+2409025 +2409026 +2409027 +2409028 +2409029 +2409031 +2409032 +2409033 +2409034 +2409035 +2409036 '
        '+2409037 +2409038 +2409039 +2409041 +2409042 +2409043 +2409044 +2409045 +2409046 +2409047 +2409048 '
        '+2409049 +2409051 +2409052 +2409053 +2409054 +2409055 +2409056 +2409057 +2409058 +2409059 +2409061 '
        '+2409062 +2409063 +2409064 +2409065 +2409066 +2409067 +2409068 +2409069 +2409071 +2409072 +2409073 '
        '+2409074 +2409075 +2409076 +2409077 +2409078 +2409079 +2409081 +2409082 +2409083 +2409084 +2409085 '
        '+2409086 +2409087 +2409088 +2409089 +2409091 +2409092 +2409093 +2409094 +2409095 +2409096 +2409097 '
        '+2409098 +2409099'),
    ('GR', 'premium_rate', '+30901 +30909'),
    ('GR', 'shared_cost', '+30801 +30806 +30812 +30825 +30850 +30875'),
    ('GT', 'premium_rate', '+50219'),
    ('GY', 'premium_rate', '+5929008'),
    ('HK', 'premium_rate', '+852900'),
    ('HR', 'premium_rate', '+38560 +38561 +38564 +38565 +38569'),
    ('HU', 'premium_rate', '+3690 +3691'),
    ('ID', 'premium_rate', '+62809'),
    ('ID', 'shared_cost', '+62804'),
    ('IL', 'premium_rate', '+9721200 +9721212 +9721900 +9721901 +9721902 +9721919 +972199'),
    ('IL', 'shared_cost', '+9721700'),
    ('IN', 'premium_rate', '+911861'),
    ('IN', 'shared_cost', '+911860'),
    ('IS', 'premium_rate',
        '+354900 +3549015 +3549016 +3549017 +3549019 +3549020 +3549021 +3549025 +3549026 +3549027 +3549029 '
        '+3549031 +3549033 +3549035 +3549036 +3549037 +3549039 +3549041 +3549042 +3549045 +3549046 +3549047 '
        '+3549052 +3549055 +3549056 +3549057 +3549059 +3549071 +3549072 +3549073 +3549077 +3549080 +3549081 '
        '+3549082 +3549083 +3549085 +3549086 +3549087'),
    ('IT', 'premium_rate', '+390878 +39144 +39163 +39164 +39166 +39892 +398930 +398934 +398938 +39894 +39895 +39899'),
    ('IT', 'shared_cost', '+39840 +39841 +39847 +39848'),
    ('JO', 'premium_rate', '+9629'),
    ('JO', 'shared_cost', '+96285'),
    ('JP', 'premium_rate', '+81990'),
    ('KE', 'premium_rate', '+2549000 +2549002 +2549003 +2549004 +2549005 +2549006 +2549007 +2549008 +2549009'),
    ('KM', 'premium_rate', '+2698'),
    ('KR', 'premium_rate', '+82602 +82603 +82604 +82605 +82606 +82607 +82608 +82609'),
    ('KY', 'premium_rate', '+134597'),
    ('LI', 'premium_rate',
        '+42390022 +42390025 +42390028 +42390123 +42390131 +42390134 +42390661 +42390663 +42390666'),
    ('LR', 'premium_rate', '+23133202 +2313323 +2313324'),
    ('LT', 'premium_rate', '+370900 +370902 +370903 +370909 +370910'),
    ('LT', 'shared_cost', '+370808'),
    ('LU', 'premium_rate', '+352900 +352901 +352905'),
    ('LU', 'shared_cost', '+352801'),
    ('LV', 'premium_rate', '+37190'),
    ('LV', 'shared_cost', '+37181'),
    ('MD', 'premium_rate', '+373900 +373905 +373906'),
    ('MD', 'shared_cost', '+373808'),
    ('ME', 'premium_rate', '+382941 +382945 +382946 +382948 +382951 +382957 +382958'),
    ('MK', 'premium_rate', '+3895'),
    ('MK', 'shared_cost',
        '+389801 +389802 +389803 +389804 +389805 +389806 +389807 +389808 +389809 +38981 +38982 +38983 +38984 '
        '+38985 +38986 +38987 +38988 +38989'),
    ('MQ', 'premium_rate', '+59681 +59682 +59689'),
    ('MT', 'premium_rate',
        '+35650037 +35650043 +356506 +3565070 +3565090 +3565091 +3565096 +3565098 +35651001 +35651002 '
        '+35651003 +35651004 +35651005 +35651101 +35651102 +35651103 +35651104 +35651105 +35651201 +35651202 '
        '+35651203 +35651204 +35651205 +35651301 +35651302 +35651303 +35651304 +35651305 +35651401 +35651402 '
        '+35651403 +35651404 +35651405 +35651501 +35651502 +35651503 +35651504 +35651505 +35651601 +35651602 '
        '+35651603 +35651604 +35651605 +35651701 +35651702 +35651703 +35651704 +35651705 +35651801 +35651802 '
        '+35651803 +35651804 +35651805 +35651901 +35651902 +35651903 +35651904 +35651905 +35652001 +35652002 '
        '+35652003 +35652004 +35652005 +35652101 +35652102 +35652103 +35652104 +35652105 +35652201 +35652202 '
        '+35652203 +35652204 +35652205 +35652301 +35652302 +35652303 +35652304 +35652305 +35652401 +35652402 '
        '+35652403 +35652404 +35652405 +35652501 +35652502 +35652503 +35652504 +35652505 +35652601 +35652602 '
        '+35652603 +35652604 +35652605 +35652701 +35652702 +35652703 +35652704 +35652705 +35652801 +35652802 '
        '+35652803 +35652804 +35652805 +35652901 +35652902 +35652903 +35652904 +35652905'),
    ('MU', 'premium_rate', '+23030'),
    ('MX', 'premium_rate', '+52900'),
    ('MX', 'shared_cost', '+52300'),
    ('NA', 'premium_rate', '+2648701'),
    ('NC', 'premium_rate', '+68736'),
    ('NE', 'premium_rate', '+22709'),
    ('NL', 'premium_rate', '+31900 +31906 +31909'),
    ('NO', 'premium_rate', '+47820 +47829'),
    ('NO', 'shared_cost',
        '+4781000 +4781001 +4781002 +4781003 +4781004 +4781005 +4781006 +478102 +478103 +478104 +478105 '
        '+478106 +478107 +478108'),
    ('NZ', 'premium_rate', '+6411 +6413 +6414 +6415 +6417 +6418 +6419 +645000 +645008 +645030 +645066 +645077 +6490'),
    ('OM', 'premium_rate', '+968900'),
    ('PA', 'premium_rate', '+507822 +507855 +507860 +507877 +507878 +507886 +507900 +507981'),
    ('PE', 'premium_rate', '+51805'),
    ('PE', 'shared_cost', '+51801'),
    ('PK', 'premium_rate', '+92900'),
    ('PL', 'premium_rate', '+48700 +48701 +48703 +48704 +48706 +48707 +48708'),
    ('PL', 'shared_cost', '+48801'),
    ('PS', 'shared_cost', '+9701700'),
    ('PT', 'premium_rate',
        '+351601 +351607 +351608 +351646 +351648 +3517601 +3517602 +3517603 +3517604 +3517605 +3517607 '
        '+3517612 +3517613 +3517614 +3517617 +3517621 +3517622 +3517623 +3517627'),
    ('PT', 'shared_cost', '+351808 +3518091 +3518095 +3518097 +3518099'),
    ('RE', 'premium_rate', '+262891 +262892 +262893 +262897 +262898 +262899'),
    ('RE', 'shared_cost', '+262810 +262811 +262819 +262820 +262821 +262825 +262826 +262884 +262890'),
    ('RO', 'premium_rate', '+40900 +40901 +40903 +40906'),
    ('RO', 'shared_cost', '+40801'),
    ('RS', 'premium_rate', '+38178 +381900 +381901 +381906 +381909'),
    ('RU', 'premium_rate', '+7803 +7809'),
    ('RW', 'premium_rate', '+250900'),
    ('SA', 'premium_rate', '+966925'),
    ('SA', 'shared_cost', '+966920'),
    ('SC', 'premium_rate', '+24885'),
    ('SE', 'premium_rate',
        '+46649 +469001 +469002 +469003 +469004 +469005 +469006 +469007 +469008 +469391 +469392 +469393 '
        '+469394 +469395 +469396 +469397 +469398 +469441 +469442 +469443 +469444 +469445 +469446 +469447 '
        '+469448 +46991 +46992 +46993 +46994 +46995 +46999'),
    ('SE', 'shared_cost', '+46770 +46771 +46772 +46773 +46774 +46775 +46776 +46777'),
    ('SG', 'premium_rate', '+651900'),
    ('SI', 'premium_rate', '+386891 +386892 +386893 +38690'),
    ('SK', 'premium_rate', '+421900 +42197 +42198'),
    ('SK', 'shared_cost', '+42185 +42186 +42187 +42188 +42189'),
    ('SM', 'premium_rate', '+37871 +37877 +37878'),
    ('SN', 'premium_rate', '+221884 +221886 +221888 +221889'),
    ('SN', 'shared_cost', '+221810 +221812 +221814 +221816 +221818'),
    ('SR', 'premium_rate', '+59790'),
    ('SV', 'premium_rate', '+503900'),
    ('SZ', 'premium_rate', '+268900'),
    ('TL', 'premium_rate', '+67090'),
    ('TN', 'premium_rate', '+21688'),
    ('TN', 'shared_cost', '+2168110 +2168210'),
    ('TR', 'premium_rate', '+90888 +90898 +90900'),
    ('TW', 'premium_rate', '+88620'),
    ('TZ', 'premium_rate', '+25590'),
    ('TZ', 'shared_cost', '+255840 +255860 +255861'),
    ('UA', 'premium_rate', '+3809002 +3809003 +3809009'),
    ('UG', 'premium_rate', '+256901 +256902 +256903'),
    ('US', 'premium_rate', '+1900'),
    ('UY', 'premium_rate', '+598900 +598901 +598902 +598903 +598904 +598905 +598906 +598907 +598908'),
    ('VE', 'premium_rate', '+58900 +58901'),
    ('VN', 'premium_rate', '+841900'),
    ('XK', 'premium_rate', '+383900'),
    ('ZA', 'premium_rate', '+27862 +27863 +27864 +27865 +27866 +27867 +27868 +27869 +2790 +2791 +2792'),
    ('ZA', 'shared_cost', '+27860')
) AS plan (country, kind, prefixes);
