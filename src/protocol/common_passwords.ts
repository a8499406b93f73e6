/**
 * What passwords are made of by people who make them up: words, names and phrases that lists of leaked passwords are full of,
 * in lower case and without spaces. A password is weighed by how many of these it is made of, so one entry stands for all its
 * paddings: `password` for `Password1234567!`, `pa$$w0rd pa$$w0rd` and a thousand others.
 */
export const COMMON_PARTS: readonly string[] = `
password passwort passwd pass parola contrasena motdepasse senha wachtwoord hasło haslo salasana losenord passphrase pwd
admin administrator root user username guest test tester testing demo default login signin logon welcome changeme changeit
letmein openup opensesame enter secret secrets topsecret private access account master superuser system server service
manager office company business support helpdesk computer internet online website network security secure safe
qwerty qwertz azerty asdf zxcv qazwsx wasd abc abcd abcdef xyz iloveyou iloveu ily loveyou love lover lovely loveme baby
babygirl babyboy babe honey sweetie sweetheart darling princess prince queen king angel angels beautiful sunshine
rainbow butterfly flower flowers rose daisy lily jasmine cherry cookie chocolate candy sugar cupcake peanut banana
orange apple cheese pepper ginger coffee pizza monkey dragon tiger lion eagle falcon hawk wolf bear panther jaguar
shadow phoenix unicorn pony horse dolphin turtle snoopy garfield pikachu pokemon naruto goku kitty hellokitty kitten
puppy doggy buddy buster rocky lucky charlie max bella bailey sadie molly maggie sophie daniel michael michelle jennifer
jessica ashley amanda nicole samantha thomas robert andrew joshua matthew anthony william george jordan taylor david
james john joseph richard martin justin brandon jason kevin steven charles peter alexander alex chris christopher
patrick brian sarah maria anna laura linda barbara elizabeth victoria andrea natalie hannah emily emma olivia madison
football soccer baseball basketball hockey golf tennis swimming fishing hunter hunting ranger racing harley yamaha
honda toyota mercedes ferrari porsche corvette mustang camaro arsenal chelsea liverpool manchester united barcelona
realmadrid juventus yankees lakers cowboys steelers eagles raiders redsox chicago boston dallas london paris berlin
america canada mexico germany france england russia china india brazil italy spain texas california newyork florida
batman superman spiderman ironman wolverine avengers starwars startrek matrix gandalf merlin hobbit hogwarts
harrypotter minecraft fortnite playstation nintendo xbox gaming gamer player killer warrior soldier sniper ninja
samurai pirate wizard hacker cyber zombie vampire devil satan demon hell heaven jesus christ god godislove jesuschrist
blessed faith hope peace freedom forever always together family friends friend bestfriend bestfriends mother father
mommy daddy mummy brother sister son daughter children money dollar million rich success winner champion power
summer winter spring autumn fall january february march april may june july august september october november december
monday tuesday wednesday thursday friday saturday sunday morning night today tomorrow birthday christmas halloween
holiday vacation music guitar metallica nirvana eminem beatles rocknroll party dance happy smile crazy funny cool
awesome amazing super mega ultra hello hallo hola bonjour ciao goodbye thankyou please whatever nothing something
trustno1 trustnoone blink182 fuckyou fuckme fuckoff fuck bitch asshole sexy pussy purple yellow green blue red black
white silver golden gold diamond crystal platinum storm thunder lightning fire water earth ocean river mountain forest
star stars moon sun sky blackberry samsung iphone android google facebook twitter instagram youtube linkedin myspace
microsoft windows linux apache oracle cisco amazon netflix yahoo hotmail gmail outlook email mail mailbox
one two three four five six seven eight nine ten zero eleven twelve first second third number numbers
my me you your the is are am this that its not for and to of in it be new old big little very long longer longest short
good bad best strong stronger weak easy hard simple word words key keys code phrase text string character characters
correcthorsebatterystaple correctbatteryhorsestaple thequickbrownfox jumpsoverthelazydog thequickbrownfoxjumpsoverthelazydog
maytheforcebewithyou tobeornottobe tobeornottobethatisthequestion iloveyouforever iloveyousomuch iloveyoubaby
onceuponatime happilyeverafter livelaughlove hakunamatata donttouchmyphone mypassword thisismypassword
thisisapassword itsasecret idontknow noidea nopassword mypasswordis yourpassword passwordpassword
foreverandever neversaynever carpediem inthebeginning ourfatherwhoartinheaven thelordismyshepherd
supercalifragilisticexpialidocious winteriscoming lukeiamyourfather iamyourfather imyourfather theanswerisfortytwo
allyourbasearebelongtous neverguessthis youwillneverguess cantguessthis unguessable loremipsum loremipsumdolorsitamet
onetwothreefourfive onetwothreefour onetwothree asdfghjklqwertyuiop manchesterunited newyorkyankees liverpoolfc
youllneverwalkalone computerscience goodmorning goodnight happybirthday merrychristmas lollipop jellybean teddybear
whatsup letmeinnow letmeinplease changemenow changemeplease administrator1 rememberme dontforget ilovemyfamily
ilovemymom ilovejesus ihateyou qwertyqwerty loveisallyouneed letitbe heyjude stairwaytoheaven bohemianrhapsody
`
  .trim()
  .split(/\s+/);

/** What fingers find on keyboards: rows, columns and zigzags. Read in both directions. */
export const KEYBOARD_WALKS: readonly string[] = [
  "`1234567890-=",
  "qwertyuiop[]",
  "asdfghjkl;'",
  "zxcvbnm,./",
  "qwertzuiopü+",
  "yxcvbnm,.-",
  "azertyuiop^$",
  "qsdfghjklmù",
  "wxcvbn,;:!",
  "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
  "1qay2wsx3edc4rfv5tgb6zhn7ujm8ik,9ol.0p",
  "qazwsxedcrfvtgbyhnujmikolp",
  "qaywsxedcrfvtgbzhnujmikolp",
  "1q2w3e4r5t6y7u8i9o0p",
  "1q2w3e4r5t6z7u8i9o0p",
  "q1w2e3r4t5y6u7i8o9p0",
  "q1w2e3r4t5z6u7i8o9p0",
  "1a2s3d4f5g6h7j8k9l",
  "a1s2d3f4g5h6j7k8l9",
  "qawsedrftgyhujikolp",
  "zaqxswcdevfrbgtnhymjukilop",
  "zaq12wsxcde34rfvbgt56yhn",
  "!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik",
  "!@#$%^&*()_+",
  '!"§$%&/()=?',
  "147258369",
  "741852963",
  "789456123",
  "159357",
];
