function Get-AgentKeyCode {
    <#
    .SYNOPSIS
    Virtual key codes of Windows for the contract's names of keys.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param()
    $codes = [System.Collections.Specialized.OrderedDictionary]::new([System.StringComparer]::Ordinal)
    foreach ($pair in ('ctrl=17 alt=18 shift=16 meta=91 enter=13 escape=27 backspace=8 tab=9 space=32 insert=45 delete=46 home=36 end=35 page-up=33 page-down=34 ' +
            'up=38 down=40 left=37 right=39 caps-lock=20 print-screen=44 menu=93').Split(' ')) {
        $name, $code = $pair.Split('=')
        $codes.Add($name, [int]$code)
    }
    for ($number = 1; $number -le 12; $number++) { $codes.Add("f$number", 111 + $number) }
    foreach ($letter in 'abcdefghijklmnopqrstuvwxyz'.ToCharArray()) { $codes.Add([string]$letter, [int][char]::ToUpperInvariant($letter)) }
    foreach ($digit in '0123456789'.ToCharArray()) { $codes.Add([string]$digit, [int]$digit) }
    $codes.Add('-', 189); $codes.Add('=', 187); $codes.Add('[', 219); $codes.Add(']', 221); $codes.Add(';', 186); $codes.Add("'", 222)
    $codes.Add('`', 192); $codes.Add('\', 220); $codes.Add(',', 188); $codes.Add('.', 190); $codes.Add('/', 191)
    $codes
}
