function Get-AgentTemplateName {
    <#
    .SYNOPSIS
    The contract's names of secure-boot templates, and Hyper-V's. Display names are not taken by Set-VMFirmware.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param()
    @{
        'microsoft-windows'       = 'MicrosoftWindows'
        'microsoft-uefi-ca'       = 'MicrosoftUEFICertificateAuthority'
        'open-source-shielded-vm' = 'OpenSourceShieldedVM'
    }
}
